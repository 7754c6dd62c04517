package main

import (
	"errors"
	"os"
	"runtime/debug"
	"testing"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-adbc/go/adbc/validation"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/suite"
)

// What the suite of ADBC has to know of the server behind the driver; FLIGHT_SQL_URI says where it is.
type server struct{}

func (server) DatabaseOptions() map[string]string {
	return map[string]string{
		adbc.OptionKeyURI:      os.Getenv("FLIGHT_SQL_URI"),
		adbc.OptionKeyUsername: os.Getenv("FLIGHT_SQL_USER"),
		adbc.OptionKeyPassword: os.Getenv("FLIGHT_SQL_PASSWORD"),
	}
}

func (server) SetupDriver(*testing.T) adbc.Driver {
	return flightsql.NewDriver(memory.DefaultAllocator)
}
func (server) TearDownDriver(*testing.T, adbc.Driver)      {}
func (server) Alloc() memory.Allocator                     { return memory.DefaultAllocator }
func (server) Catalog() string                             { return os.Getenv("FLIGHT_SQL_CATALOG") }
func (server) DBSchema() string                            { return "main" }
func (server) BindParameter(int) string                    { return "?" }
func (server) SupportsBulkIngest(string) bool              { return true }
func (server) SupportsConcurrentStatements() bool          { return true }
func (server) SupportsCurrentCatalogSchema() bool          { return true }
func (server) SupportsGetSetOptions() bool                 { return true }
func (server) SupportsExecuteSchema() bool                 { return true }
func (server) SupportsPartitionedData() bool               { return true }
func (server) SupportsStatistics() bool                    { return false }
func (server) SupportsTransactions() bool                  { return true }
func (server) SupportsGetParameterSchema() bool            { return true }
func (server) SupportsDynamicParameterBinding() bool       { return true }
func (server) SupportsErrorIngestIncompatibleSchema() bool { return true }

func (server) GetMetadata(code adbc.InfoCode) interface{} {
	return map[adbc.InfoCode]interface{}{
		adbc.InfoDriverName:         "ADBC Flight SQL Driver - Go",
		adbc.InfoDriverVersion:      "(unknown or development build)",
		adbc.InfoDriverArrowVersion: built("github.com/apache/arrow-go/v18"),
		adbc.InfoDriverADBCVersion:  adbc.AdbcVersion1_1_0,
		adbc.InfoVendorName:         "DuckHouse",
		adbc.InfoVendorVersion:      "duckdb v1.5.5",
		adbc.InfoVendorArrowVersion: "1.5.0",
	}[code]
}

// The version of a module in this program, as the driver finds it out.
func built(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return dependency.Version
			}
		}
	}
	return "(unknown or development build)"
}

func (s server) SampleTableSchemaMetadata(table string, of arrow.DataType) arrow.Metadata {
	sqlType, caseSensitive := "BIGINT", "0"
	if of.ID() == arrow.STRING {
		sqlType, caseSensitive = "VARCHAR", "1"
	}
	const prefix = "ARROW:FLIGHT:SQL:"
	return arrow.MetadataFrom(map[string]string{
		prefix + "CATALOG_NAME": s.Catalog(), prefix + "SCHEMA_NAME": "main", prefix + "DB_SCHEMA_NAME": "main",
		prefix + "TABLE_NAME": table, prefix + "TYPE_NAME": sqlType, prefix + "IS_CASE_SENSITIVE": caseSensitive,
		prefix + "IS_AUTO_INCREMENT": "0", prefix + "IS_READ_ONLY": "0", prefix + "IS_SEARCHABLE": "1",
	})
}

func (s server) CreateSampleTable(name string, record arrow.RecordBatch) error {
	options := s.DatabaseOptions()
	connection, err := open(options[adbc.OptionKeyURI], options[adbc.OptionKeyUsername], options[adbc.OptionKeyPassword])
	if err != nil {
		return err
	}
	statement, err := connection.NewStatement()
	if err != nil {
		return errors.Join(err, connection.Close())
	}
	err = statement.SetOption(adbc.OptionKeyIngestTargetTable, name)
	if err == nil {
		err = statement.SetOption(adbc.OptionKeyIngestMode, adbc.OptionValueIngestModeReplace)
	}
	if err == nil {
		err = statement.Bind(ctx, record)
	}
	if err == nil {
		_, err = statement.ExecuteUpdate(ctx)
	}
	return errors.Join(err, statement.Close(), connection.Close())
}

func (server) DropTable(connection adbc.Connection, name string) error {
	_, err := update(connection, "DROP TABLE IF EXISTS "+name)
	return err
}

func TestDatabase(t *testing.T)   { suite.Run(t, &validation.DatabaseTests{Quirks: server{}}) }
func TestConnection(t *testing.T) { suite.Run(t, &validation.ConnectionTests{Quirks: server{}}) }
func TestStatement(t *testing.T)  { suite.Run(t, &validation.StatementTests{Quirks: server{}}) }
