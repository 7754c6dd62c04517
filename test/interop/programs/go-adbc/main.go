// What Go programs do through ADBC's Flight SQL driver, one line an outcome: NAME TAB OUTCOME, an error after "!".
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

var (
	ctx       = context.Background()
	allocator = memory.DefaultAllocator
)

func tell(name string, outcome any, err error) {
	text := fmt.Sprint(outcome)
	if err != nil {
		text = "!" + err.Error()
	}
	fmt.Printf("%s\t%s\n", name, strings.ReplaceAll(text, "\n", " "))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func open(uri, username, password string) (adbc.Connection, error) {
	database, err := flightsql.NewDriver(allocator).NewDatabase(map[string]string{
		adbc.OptionKeyURI: uri, adbc.OptionKeyUsername: username, adbc.OptionKeyPassword: password,
	})
	if err != nil {
		return nil, err
	}
	return database.Open(ctx)
}

func read(reader array.RecordReader) (string, error) {
	defer reader.Release()
	var rows []string
	for reader.Next() {
		record := reader.RecordBatch()
		for row := range int(record.NumRows()) {
			var cells []string
			for _, column := range record.Columns() {
				cells = append(cells, column.ValueStr(row))
			}
			rows = append(rows, strings.Join(cells, ","))
		}
	}
	return strings.Join(rows, ";"), reader.Err()
}

func query(connection adbc.Connection, sql string) (string, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	if err := statement.SetSqlQuery(sql); err != nil {
		return "", err
	}
	reader, _, err := statement.ExecuteQuery(ctx)
	if err != nil {
		return "", err
	}
	return read(reader)
}

func update(connection adbc.Connection, sql string) (int64, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	if err := statement.SetSqlQuery(sql); err != nil {
		return 0, err
	}
	return statement.ExecuteUpdate(ctx)
}

func people(from, to int64) arrow.RecordBatch {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(allocator, schema)
	defer builder.Release()
	for id := from; id < to; id++ {
		builder.Field(0).(*array.Int64Builder).Append(id)
		if id%2 == 0 {
			builder.Field(1).AppendNull()
		} else {
			builder.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("person %d", id))
		}
	}
	return builder.NewRecordBatch()
}

func ingest(connection adbc.Connection, mode string, rows arrow.RecordBatch) (int64, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	for key, value := range map[string]string{
		adbc.OptionKeyIngestTargetTable: "people", adbc.OptionKeyIngestMode: mode,
	} {
		if err := statement.SetOption(key, value); err != nil {
			return 0, err
		}
	}
	if err := statement.Bind(ctx, rows); err != nil {
		return 0, err
	}
	return statement.ExecuteUpdate(ctx)
}

func prepared(connection adbc.Connection) (string, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	if err := statement.SetSqlQuery("SELECT ? + 1 AS next, ? AS name"); err != nil {
		return "", err
	}
	if err := statement.Prepare(ctx); err != nil {
		return "", err
	}
	if err := statement.Bind(ctx, people(1, 4)); err != nil {
		return "", err
	}
	reader, _, err := statement.ExecuteQuery(ctx)
	if err != nil {
		return "", err
	}
	return read(reader)
}

func transaction(connection adbc.Connection) (string, error) {
	options := connection.(adbc.PostInitOptions)
	if err := options.SetOption(adbc.OptionKeyAutoCommit, adbc.OptionValueDisabled); err != nil {
		return "", err
	}
	must(update(connection, "DELETE FROM people"))
	inside := must(query(connection, "SELECT count(*) FROM people"))
	if err := connection.Rollback(ctx); err != nil {
		return "", err
	}
	must(update(connection, "DELETE FROM people WHERE id > 5"))
	if err := connection.Commit(ctx); err != nil {
		return "", err
	}
	if err := options.SetOption(adbc.OptionKeyAutoCommit, adbc.OptionValueEnabled); err != nil {
		return "", err
	}
	return inside + " then " + must(query(connection, "SELECT count(*) FROM people")), nil
}

func objects(connection adbc.Connection) (string, error) {
	table := "people"
	reader, err := connection.GetObjects(ctx, adbc.ObjectDepthAll, nil, nil, &table, nil, nil)
	if err != nil {
		return "", err
	}
	return read(reader)
}

func partitions(connection adbc.Connection) (string, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	if err := statement.SetSqlQuery("SELECT range AS n FROM range(3)"); err != nil {
		return "", err
	}
	_, parts, _, err := statement.ExecutePartitions(ctx)
	if err != nil {
		return "", err
	}
	reader, err := connection.ReadPartition(ctx, parts.PartitionIDs[0])
	if err != nil {
		return "", err
	}
	return read(reader)
}

func cancelled(connection adbc.Connection) (string, error) {
	statement := must(connection.NewStatement())
	defer statement.Close()
	if err := statement.SetSqlQuery("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b"); err != nil {
		return "", err
	}
	if err := statement.SetOption("adbc.flight.sql.rpc.timeout_seconds.query", "0.5"); err != nil {
		return "", err
	}
	if err := statement.SetOption("adbc.flight.sql.rpc.timeout_seconds.fetch", "0.5"); err != nil {
		return "", err
	}
	reader, _, err := statement.ExecuteQuery(ctx)
	if err != nil {
		return "", err
	}
	return read(reader)
}

func main() {
	uri, username, password := os.Args[1], os.Args[2], os.Args[3]
	if wrong, err := open(uri, username, "not "+password); err == nil {
		_, err = query(wrong, "SELECT 1")
		tell("wrong password", "let in", err)
	} else {
		tell("wrong password", "", err)
	}
	connection := must(open(uri, username, password))
	defer connection.Close()
	text, err := query(connection, "SELECT 42 AS answer, 'x' AS s, NULL AS none, 1.50::DECIMAL(9, 2) AS d, [1, 2] AS l")
	tell("query", text, err)
	for _, mode := range []string{
		adbc.OptionValueIngestModeCreate, adbc.OptionValueIngestModeCreate, adbc.OptionValueIngestModeAppend,
		adbc.OptionValueIngestModeReplace, adbc.OptionValueIngestModeCreateAppend,
	} {
		rows, err := ingest(connection, mode, people(0, 10))
		tell(mode, rows, err)
	}
	for name, run := range map[string]func(adbc.Connection) (string, error){
		"prepared": prepared, "objects": objects, "partitions": partitions, "cancelled": cancelled,
	} {
		text, err := run(connection)
		tell(name, text, err)
	}
	text, err = transaction(connection)
	tell("transaction", text, err)
	table, err := connection.GetTableSchema(ctx, nil, nil, "people")
	tell("table schema", table, err)
	_, err = connection.GetTableSchema(ctx, nil, nil, "nosuch")
	tell("no table", "", err)
	types, err := connection.GetTableTypes(ctx)
	if err == nil {
		text, err = read(types)
	}
	tell("table types", text, err)
	info, err := connection.GetInfo(ctx, []adbc.InfoCode{adbc.InfoVendorName})
	if err == nil {
		text, err = read(info)
	}
	tell("info", text, err)
	_, err = query(connection, "SELECT nosuch FROM people")
	tell("wrong column", "", err)
}
