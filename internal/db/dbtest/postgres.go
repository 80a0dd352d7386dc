package dbtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/nod-idp/nod/internal/db"
)

// ServerVariable names the environment variable that holds the address of a
// PostgreSQL server which tests may create databases on. Without it each test
// binary starts a server of its own.
const ServerVariable = "NOD_TEST_POSTGRES"

var server = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(ServerVariable); given != "" {
		return given, nil
	}
	return StartServer()
})

// template is made once for each test binary: copying a database that has been
// migrated is quicker than migrating.
var template = sync.OnceValues(func() (string, error) {
	admin, err := server()
	if err != nil {
		return "", err
	}
	name := "nod_template_" + strings.ToLower(rand.Text()[:12])
	if err := run(admin, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	d, err := db.Open(context.Background(), withDatabase(admin, name))
	if err != nil {
		return "", err
	}
	return name, d.Close()
})

// PostgresURL creates a fresh migrated database, dropped with the test, and
// returns its address.
func PostgresURL(t testing.TB) string {
	t.Helper()
	from, err := template()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	return emptyPostgres(t, " TEMPLATE "+from)
}

// emptyPostgres creates a database by the words that follow its name.
func emptyPostgres(t testing.TB, like string) string {
	t.Helper()
	admin, err := server()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := "nod_test_" + strings.ToLower(rand.Text()[:12])
	if err := run(admin, "CREATE DATABASE "+name+like); err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := run(admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test database: %v", err)
		}
	})
	return withDatabase(admin, name)
}

func run(admin, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		panic(fmt.Sprintf("%s is not an address: %v", ServerVariable, err))
	}
	u.Path = "/" + name
	return u.String()
}
