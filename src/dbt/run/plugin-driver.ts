import { pluginPackage } from './plugin-package.ts';
import { pythonDriver } from './python-driver.ts';

/** What the Python child of a plugin runs: one call after another, each a line of its standard input. */
export const pluginDriver = pythonDriver(`${pluginPackage}

class Recorder:
    """A connection that notes which functions are registered on it."""

    def __init__(self, connection, functions):
        self.__dict__.update(connection=connection, functions=functions)

    def create_function(self, name, *args, **kwargs):
        self.functions.append(name)
        return self.connection.create_function(name, *args, **kwargs)

    def cursor(self):
        return Recorder(self.connection.cursor(), self.functions)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def plugin_class(module):
    if module in OWN:
        return OWN[module]
    name = module
    if module in OF_DBT_DUCKDB:
        if not has_dbt_duckdb:
            raise Failure(
                f"the plugin '{module}' is dbt-duckdb's own, and python3 has no dbt-duckdb", "pip install dbt-duckdb"
            )
        name = "dbt.adapters.duckdb.plugins." + module
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        raise Failure(
            f"python3 has no module '{module}'", "put the folder it is in into module_paths of the profile"
        ) from error
    if not hasattr(found, "Plugin"):
        raise Failure(f"the module '{module}' has no class Plugin")
    return found.Plugin


def create(given, credentials):
    """The plugin, with its connection."""
    import duckdb

    publish()
    made = plugin_class(given["module"])(
        name=given["name"], plugin_config=dict(given["config"]), credentials=Fields(credentials)
    )
    connection = Recorder(duckdb.connect(), [])
    made.configure_connection(connection)
    made.configure_cursor(connection.cursor())
    return made, connection


def load(plugin, connection, request, files):
    source = SourceConfig(**request["source"])
    rows = plugin.load(source)
    if rows is None:
        raise Failure(f"the plugin '{plugin.name}' gave no rows for {source.table_name()}")
    path = files.next()
    write(connection.connection, rows, path)
    ask(op="loaded", path=path)
    os.remove(path)


def store(plugin, connection, request, files):
    target = request["target"]
    plugin.store(
        TargetConfig(
            relation=Relation(**target["relation"]),
            column_list=[Column(one["name"], one["dtype"]) for one in target["columns"]],
            config=Config(target["config"]),
            location=TargetLocation(**target["location"]),
        )
    )


def functions(plugin, connection, request, files):
    return {"functions": connection.functions}


def run(credentials_file, folder):
    with open(credentials_file) as file:
        credentials = json.load(file)
    files = Files(folder)
    made = None

    def answer(request):
        nonlocal made
        made = made or create(request["plugin"], credentials)
        return {"load": load, "store": store, "functions": functions}[request["op"]](*made, request, files)

    for line in iter(sys.stdin.readline, ""):
        attempt(lambda: answer(json.loads(line)))
`);
