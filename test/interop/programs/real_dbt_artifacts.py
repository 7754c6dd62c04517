"""Reads artifacts by dbt-core's own classes. Input: paths of target folders; prints how many files of each kind were read."""
import json, os, sys

from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.run import RunResultsArtifact

kinds = {
    "manifest.json": WritableManifest,
    "run_results.json": RunResultsArtifact,
    "catalog.json": CatalogArtifact,
    "sources.json": FreshnessExecutionResultArtifact,
}
read = {name: 0 for name in kinds}
problems = []
for folder in json.load(sys.stdin):
    for name, kind in kinds.items():
        file = os.path.join(folder, name)
        if not os.path.exists(file):
            continue
        try:
            kind.read_and_check_versions(file)
            if kind is not WritableManifest:  # it is validated while it is read
                kind.validate(json.load(open(file)))
            read[name] += 1
        except Exception as error:
            problems.append(f"{file}: {type(error).__name__}: {str(error)[:600]}")
json.dump({"read": read, "problems": problems}, sys.stdout)
