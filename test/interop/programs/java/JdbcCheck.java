import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** Every DatabaseMetaData method and the statements of a stock driver; prints one line `what<TAB>outcome` each. */
public class JdbcCheck {
  interface Work {
    Object run() throws Exception;
  }

  static void say(String what, Work work) {
    Object outcome;
    try {
      outcome = work.run();
    } catch (Throwable thrown) {
      Throwable cause = thrown instanceof java.lang.reflect.InvocationTargetException ? thrown.getCause() : thrown;
      outcome = "! " + cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }
    System.out.println(what + "\t" + String.valueOf(outcome).replace('\n', ' '));
  }

  static Object rows(ResultSet results) throws SQLException {
    ResultSetMetaData meta = results.getMetaData();
    List<String> rows = new ArrayList<>();
    while (results.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) row.add(String.valueOf(results.getObject(i)));
      rows.add(String.join("|", row));
    }
    results.close();
    return rows.size() > 40 ? rows.size() + " rows" : String.join("; ", rows);
  }

  /** Values for the parameters of a method that takes any. */
  static Object[] arguments(Method method) {
    switch (method.getName()) {
      case "getTables": return new Object[] {null, "%", "%", null};
      case "getSchemas": return new Object[] {null, "%"};
      case "getColumns": return new Object[] {null, "main", "parent", "%"};
      case "getPrimaryKeys": return new Object[] {null, "main", "parent"};
      case "getImportedKeys": return new Object[] {null, "main", "child"};
      case "getExportedKeys": return new Object[] {null, "main", "parent"};
      case "getCrossReference": return new Object[] {null, "main", "parent", null, "main", "child"};
      default:
    }
    return Arrays.stream(method.getParameterTypes()).map(JdbcCheck::argument).toArray();
  }

  static Object argument(Class<?> type) {
    if (type == int.class) return ResultSet.TYPE_FORWARD_ONLY;
    if (type == boolean.class) return true;
    return type == String.class ? "%" : null;
  }

  static void metadata(DatabaseMetaData meta) {
    TreeMap<String, Method> methods = new TreeMap<>();
    for (Method method : DatabaseMetaData.class.getMethods())
      methods.put(method.getName() + Arrays.toString(method.getParameterTypes()), method);
    for (Method method : methods.values()) {
      String name = "meta." + method.getName() + (method.getParameterCount() == 0 ? "" : "(" + method.getParameterCount() + ")");
      say(name, () -> {
        Object value = method.invoke(meta, arguments(method));
        return value instanceof ResultSet ? rows((ResultSet) value) : value;
      });
    }
    say("meta.getTables of type VIEW", () -> rows(meta.getTables(null, null, "%", new String[] {"VIEW"})));
    say("meta.getColumns of the odd table", () -> rows(meta.getColumns("memory", "s\\_1", "%", "%")));
  }

  static void statements(Connection connection) throws SQLException {
    Statement statement = connection.createStatement();
    say("ddl", () -> statement.executeUpdate("CREATE TABLE made(a INTEGER, b VARCHAR, d DECIMAL(9, 2), t TIMESTAMP)"));
    say("insert", () -> statement.executeUpdate("INSERT INTO made VALUES (1, 'x', 1.25, '2024-02-29 12:00:00'), (2, NULL, NULL, NULL)"));
    say("execute insert", () -> statement.execute("INSERT INTO made VALUES (3, 'z', 3, NULL)") + " " + statement.getUpdateCount());
    say("execute select", () -> statement.execute("SELECT * FROM made ORDER BY a") + " " + rows(statement.getResultSet()));
    say("update", () -> statement.executeUpdate("UPDATE made SET b = 'y' WHERE a >= 2"));
    say("wrong sql", () -> statement.executeQuery("SELEC 1"));
    say("missing table", () -> statement.executeQuery("SELECT * FROM nowhere"));
    say("prepared insert", () -> {
      try (PreparedStatement prepared = connection.prepareStatement("INSERT INTO made VALUES (?, ?, ?, ?)")) {
        prepared.setInt(1, 4);
        prepared.setString(2, "it's");
        prepared.setBigDecimal(3, new java.math.BigDecimal("4.50"));
        prepared.setTimestamp(4, java.sql.Timestamp.valueOf("2024-01-02 03:04:05"));
        return prepared.executeUpdate();
      }
    });
    say("prepared times", () -> {
      try (PreparedStatement prepared = connection.prepareStatement("SELECT ?::TIMESTAMP, epoch_ms(?::TIMESTAMPTZ), ?::TIME, ?::DATE, (?::INTERVAL) + DATE '2024-01-01'")) {
        prepared.setTimestamp(1, java.sql.Timestamp.valueOf("2024-01-02 03:04:05.678"));
        prepared.setTimestamp(2, java.sql.Timestamp.valueOf("2024-01-02 03:04:05.678"));
        prepared.setTime(3, java.sql.Time.valueOf("10:11:12"));
        prepared.setDate(4, java.sql.Date.valueOf("2024-02-29"));
        prepared.setString(5, "1 day");
        return rows(prepared.executeQuery());
      }
    });
    say("inserted time", () -> rows(statement.executeQuery("SELECT t FROM made WHERE a = 4")));
    say("prepared null", () -> {
      try (PreparedStatement prepared = connection.prepareStatement("INSERT INTO made(a, b) VALUES (?, ?)")) {
        prepared.setInt(1, 5);
        prepared.setNull(2, java.sql.Types.VARCHAR);
        return prepared.executeUpdate();
      }
    });
    say("batch", () -> {
      try (PreparedStatement prepared = connection.prepareStatement("INSERT INTO made(a, b) VALUES (?, ?)")) {
        for (int i = 10; i < 13; i++) {
          prepared.setInt(1, i);
          prepared.setString(2, "b" + i);
          prepared.addBatch();
        }
        return Arrays.toString(prepared.executeBatch());
      }
    });
    say("prepared select", () -> {
      try (PreparedStatement prepared = connection.prepareStatement("SELECT a, b FROM made WHERE a > ? ORDER BY a")) {
        prepared.setInt(1, 3);
        String first = String.valueOf(rows(prepared.executeQuery()));
        prepared.setInt(1, 11);
        return first + " / " + rows(prepared.executeQuery());
      }
    });
    say("types", () -> {
      ResultSet results = statement.executeQuery(
          "SELECT true AS b, 1::TINYINT AS i1, 2::BIGINT AS i8, 3::UBIGINT AS u8, 1.5::FLOAT AS f, 2.5::DOUBLE AS d, 'é' AS s, '\\x00'::BLOB AS bl,"
              + " DATE '2024-02-29' AS dt, TIME '01:02:03' AS tm, TIMESTAMP '2024-02-29 01:02:03' AS ts,"
              + " [1, 2] AS l, {'a': 1} AS st, MAP {'k': 1} AS m, uuid() IS NOT NULL AS u, 'p'::ENUM('p', 'q') AS e, INTERVAL 1 DAY AS iv");
      ResultSetMetaData meta = results.getMetaData();
      List<String> types = new ArrayList<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) types.add(meta.getColumnLabel(i) + " " + meta.getColumnTypeName(i));
      results.next();
      List<String> values = new ArrayList<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) {
        Object value = results.getObject(i);
        values.add(value instanceof byte[] ? Arrays.toString((byte[]) value) : String.valueOf(value));
      }
      results.close();
      return types + " " + values;
    });
    say("timestamp with time zone", () -> {
      ResultSet results = statement.executeQuery("SELECT TIMESTAMPTZ '2024-02-29 01:02:03+00' AS tz");
      results.next();
      // The driver has no getObject for it.
      String value = results.getTimestamp(1).toInstant().toString();
      results.close();
      return value;
    });
    say("large", () -> {
      ResultSet results = statement.executeQuery("SELECT range AS i, 'row ' || range AS s FROM range(500000)");
      long sum = 0;
      while (results.next()) sum += results.getLong(1);
      results.close();
      return sum;
    });
    say("drop", () -> statement.executeUpdate("DROP TABLE made"));
    statement.close();
  }

  public static void main(String[] args) throws Exception {
    try (Connection connection = DriverManager.getConnection(args[0])) {
      say("valid", () -> connection.isValid(5));
      say("autocommit", connection::getAutoCommit);
      say("schema", connection::getSchema);
      say("catalog", connection::getCatalog);
      metadata(connection.getMetaData());
      statements(connection);
    }
    System.out.println("closed\ttrue");
  }
}
