/**
 * What a Python child begins with. Rows come and go as Parquet files; the child asks for both with a line of JSON each,
 * and has a line of JSON for an answer. What the program prints goes to standard error.
 */
const beginning = `import json, os, shutil, signal, sys, threading, time, traceback

requests = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def end_with_parent(folder):
    """A caller that was killed cannot end this program, nor what it started."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def tell(**request):
    requests.write(json.dumps(request) + "\\n")
    requests.flush()


def ask(**request):
    tell(**request)
    answer = json.loads(sys.stdin.readline() or '{"error": "the caller is gone"}')
    if "error" in answer:
        raise RuntimeError(answer["error"])


class Files:
    """Names of Parquet files in the folder of the run."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def next(self):
        self.count += 1
        return os.path.join(self.folder, f"frame_{self.count}.parquet")


class Failure(Exception):
    """A failure that needs no traceback."""

    def __init__(self, text, hint=None):
        super().__init__(text)
        self.hint = hint


def attempt(work):
    """Tells what work() gives when it is done, or how it failed."""
    try:
        tell(op="done", **(work() or {}))
    except Failure as error:
        tell(op="failed", text=str(error), **({"hint": error.hint} if error.hint else {}))
    except ModuleNotFoundError as error:
        tell(op="failed", text=f"python3 has no module '{error.name}'", hint=f"pip install {error.name}")
    except BaseException:
        tell(op="failed", text=traceback.format_exc(limit=-6))


def write(connection, frame, path):
    """Rows of any kind that DuckDB reads, as a Parquet file."""
    if hasattr(frame, "write_parquet") and type(frame).__module__.startswith(("duckdb", "_duckdb")):
        frame.write_parquet(path)
    else:
        connection.register("__frame", frame)
        connection.execute("copy __frame to '" + path.replace("'", "''") + "' (format parquet)")
        connection.unregister("__frame")
`;

const model = `

class Target:
    """What a model's result is given to: statements run in the caller's database, frames are views there."""

    def __init__(self, connection, files):
        self.connection = connection
        self.files = files
        self.frames = {}

    def register(self, name, frame):
        path = self.files.next()
        write(self.connection, frame, path)
        self.frames[name] = path

    def unregister(self, name):
        self.frames.pop(name, None)

    def execute(self, sql):
        ask(op="execute", sql=sql, frames=self.frames)


def run(model_file, folder):
    attempt(lambda: run_model(model_file, folder))


def run_model(model_file, folder):
    import duckdb

    connection = duckdb.connect()
    files = Files(folder)

    def load(relation):
        path = files.next()
        ask(op="load", relation=str(relation), path=path)
        return connection.read_parquet(path)

    names = {"__name__": "dbt_model"}
    with open(model_file) as source:
        exec(compile(source.read(), model_file, "exec"), names)
    result = names["model"](names["dbtObj"](load), connection)
    names["materialize"](result, Target(connection, files))
`;

const ending = `

if os.getpgrp() == os.getpid():
    threading.Thread(target=end_with_parent, args=(sys.argv[2],), daemon=True).start()
sys.path.extend(path for path in sys.argv[3:] if path not in sys.path)
run(sys.argv[1], sys.argv[2])
`;

/** A driver whose `run(input_file, folder)` is defined by `program`. */
export const pythonDriver = (program: string): string => `${beginning}${program}${ending}`;

export const modelDriver = pythonDriver(model);
