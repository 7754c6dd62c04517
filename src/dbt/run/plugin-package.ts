/**
 * What plugins import of dbt-duckdb, for a Python that does not have it, and plugins of our own for Excel files and
 * databases of SQLAlchemy.
 */
export const pluginPackage = `
import importlib, importlib.util, types
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional

OF_DBT_DUCKDB = {"delta", "excel", "glue", "gsheet", "iceberg", "motherduck", "postgres", "sqlalchemy"}


class Fields:
    """A mapping by attributes; what is not there is None."""

    def __init__(self, values):
        self.__dict__.update(values)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return None


class Config(dict):
    """The configuration of a model."""

    def get(self, name, default=None, validator=None):
        return default if super().get(name) is None else self[name]

    def require(self, name, validator=None):
        return self[name]


@dataclass
class SourceConfig:
    name: str
    identifier: str
    schema: str
    database: Optional[str]
    meta: Dict[str, Any]
    tags: List[str] = field(default_factory=list)

    def get(self, key, default=None):
        return self.meta.get(key, default)

    def __getitem__(self, key):
        return self.meta[key]

    def __contains__(self, key):
        return key in self.meta

    def table_name(self):
        return ".".join(part for part in (self.database, self.schema, self.identifier) if part)

    def as_dict(self):
        own = {name: getattr(self, name) for name in ("name", "identifier", "schema", "database", "tags")}
        return {**own, **self.meta}


@dataclass
class Relation:
    database: Optional[str]
    schema: Optional[str]
    identifier: Optional[str]
    type: Optional[str]
    text: str

    @property
    def name(self):
        return self.identifier

    def render(self):
        return self.text

    def __str__(self):
        return self.text

    def to_dict(self):
        path = {name: getattr(self, name) for name in ("database", "schema", "identifier")}
        return {"path": path, "type": self.type}


@dataclass
class Column:
    column: str
    dtype: str

    @property
    def name(self):
        return self.column

    @property
    def data_type(self):
        return self.dtype

    @property
    def quoted(self):
        return '"' + self.column + '"'


@dataclass
class TargetLocation:
    path: str
    format: str

    def as_dict(self):
        return asdict(self)


@dataclass
class TargetConfig:
    relation: Any
    column_list: List[Any]
    config: Any
    location: Optional[TargetLocation] = None

    def as_dict(self):
        columns = [{"column": one.column, "dtype": one.dtype} for one in self.column_list]
        own = {"relation": self.relation.to_dict(), "column_list": columns, "config": self.config}
        return {**own, "location": self.location.as_dict()} if self.location else own


class PluginConfig:
    @classmethod
    def from_dict(cls, values):
        return cls(**values)


class BasePlugin:
    def __init__(self, name, plugin_config, credentials=None):
        self.name = name
        self.creds = credentials
        self.initialize(plugin_config)

    def initialize(self, plugin_config):
        pass

    def update_connection_config(self, creds, config):
        pass

    def configure_connection(self, conn):
        pass

    def configure_cursor(self, cursor):
        pass

    def load(self, source_config):
        raise NotImplementedError(f"the plugin '{self.name}' does not load")

    def store(self, target_config):
        raise NotImplementedError(f"the plugin '{self.name}' does not store")

    def default_materialization(self):
        return "table"


def target_to_df(target):
    """What an external model wrote, as a DataFrame."""
    import pandas

    readers = {"csv": pandas.read_csv, "parquet": pandas.read_parquet}
    if target.location is None or target.location.format not in readers:
        raise Failure(f"the plugin reads csv and parquet only, not {target.location and target.location.format}")
    return readers[target.location.format](target.location.path)


class Excel(BasePlugin):
    """Sheets of Excel files; a run's models are sheets of one file."""

    def initialize(self, plugin_config):
        self.config = plugin_config
        self.is_begun = False
        for variable, setting in {
            "AWS_ACCESS_KEY_ID": "s3_access_key_id",
            "AWS_SECRET_ACCESS_KEY": "s3_secret_access_key",
            "AWS_DEFAULT_REGION": "s3_region",
        }.items():
            if setting in plugin_config:
                os.environ[variable] = plugin_config[setting]

    def load(self, source_config):
        import pandas

        location = source_config["external_location"].format(**source_config.as_dict()).strip("'")
        return pandas.read_excel(location, sheet_name=source_config.get("sheet_name", 0))

    def writer(self, output):
        import pandas

        file = output["file"]
        if not self.is_begun and output.get("mode", "w") == "w" and os.path.exists(file):
            os.remove(file)
        self.is_begun = True
        formats = {name: output.get(name) for name in ("date_format", "datetime_format")}
        if os.path.exists(file):
            return pandas.ExcelWriter(file, mode="a", engine="openpyxl", if_sheet_exists="replace", **formats)
        options = {"engine_kwargs": output.get("engine_kwargs", {})} if "engine" in output else {}
        return pandas.ExcelWriter(file, engine=output.get("engine"), **options, **formats)

    def store(self, target_config):
        if "file" not in (self.config.get("output") or {}):
            raise Failure(f"the plugin '{self.name}' needs a file in the output of its config")
        output = {**self.config["output"], **target_config.config.get("overrides", {})}
        frame = target_to_df(target_config)
        if output.get("skip_empty_sheet", False) and not self.values_of(frame, target_config).notna().any(axis=None):
            return
        if not output.get("header_styling", True):
            from pandas.io.formats import excel

            excel.ExcelFormatter.header_style = None
        kept = ("na_rep", "float_format", "header", "index", "merge_cells", "inf_rep")
        sheet = output.get("sheet_name", (target_config.relation.identifier or "Sheet1")[:31])
        with self.writer(output) as writer:
            try:
                frame.to_excel(writer, sheet_name=sheet, **{name: output[name] for name in kept if name in output})
            except ValueError as error:
                if not (str(error).startswith("This sheet is too large") and output.get("ignore_sheet_too_large")):
                    raise
                told = output.get("ignore_sheet_too_large_error", str(error))
                type(frame)([{"Error": told}]).to_excel(writer, sheet_name=sheet, index=False)

    def values_of(self, frame, target_config):
        """Without the columns that only say which part of the files a row is in."""
        parts = [part.split("=")[0] for part in target_config.location.path.split("/") if "=" in part]
        return frame.drop(columns=[part for part in parts if part in frame.columns])


class SqlAlchemy(BasePlugin):
    """Tables and queries of the databases that SQLAlchemy reaches."""

    def initialize(self, plugin_config):
        import sqlalchemy

        self.engine = sqlalchemy.create_engine(plugin_config.pop("connection_url"), **plugin_config)

    def load(self, source_config):
        import pandas, sqlalchemy

        with self.engine.connect() as connection:
            if "query" not in source_config:
                return pandas.read_sql_table(source_config.get("table", source_config.table_name()), connection)
            query = sqlalchemy.text(source_config["query"].format(**source_config.as_dict()))
            return pandas.read_sql_query(query, connection, params=source_config.get("params", {}))

    def store(self, target_config):
        name = target_config.relation.identifier
        target_to_df(target_config).to_sql(name, self.engine, if_exists="replace", index=False)


OWN = {"excel": Excel, "sqlalchemy": SqlAlchemy}
has_dbt_duckdb = False


def publish():
    """The modules that plugins import; those of an installed dbt-duckdb stay what they are."""
    global has_dbt_duckdb
    try:
        importlib.import_module("dbt.adapters.duckdb.plugins")
        has_dbt_duckdb = True
        return
    except ModuleNotFoundError as error:
        if not "dbt.adapters.duckdb.plugins".startswith(str(error.name)):
            raise
    for name, members in {
        "dbt": {},
        "dbt.adapters": {},
        "dbt.adapters.duckdb": {},
        "dbt.adapters.duckdb.credentials": {"DuckDBCredentials": Fields},
        "dbt.adapters.duckdb.utils": {
            "SourceConfig": SourceConfig,
            "TargetConfig": TargetConfig,
            "TargetLocation": TargetLocation,
        },
        "dbt.adapters.duckdb.plugins": {
            "BasePlugin": BasePlugin,
            "PluginConfig": PluginConfig,
            "SourceConfig": SourceConfig,
            "TargetConfig": TargetConfig,
        },
        "dbt.adapters.duckdb.plugins.pd_utils": {"target_to_df": target_to_df},
        "dbt.adapters.duckdb.plugins.excel": {"Plugin": Excel},
        "dbt.adapters.duckdb.plugins.sqlalchemy": {"Plugin": SqlAlchemy},
    }.items():
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            module = sys.modules[name] = types.ModuleType(name)
            module.__path__ = []
        vars(module).update(members)
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, module)
`;
