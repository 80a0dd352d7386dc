package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// leash is the writing end of the server's pipe. It is kept reachable, since a
// file that is collected is closed, and that would stop the server.
var leash io.WriteCloser

// StartServer starts a throw-away PostgreSQL server from the distribution's
// package and returns its address. PostgreSQL refuses to run as root, so there it
// runs as the package's own user, postgres. The server ends with this process,
// however that ends, and leaves nothing behind.
func StartServer() (address string, err error) {
	if leash != nil {
		return "", errors.New("this process has started a server already")
	}
	initdb, postgres, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "nod-postgres-")
	if err != nil {
		return "", err
	}
	who, err := owner(dir)
	if err != nil {
		return "", err
	}
	prepare := exec.Command(initdb, "-D", filepath.Join(dir, "data"), "-U", "nod", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	prepare.SysProcAttr = who
	prepare.Dir = dir
	if out, err := prepare.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// The shell holds the reading end of a pipe whose writing end is ours: when
	// this process is gone the read returns and the server is stopped.
	const script = `"$1" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
		-c synchronous_commit=off -c full_page_writes=off -c max_connections=300 >"$2/log" 2>&1 &
		pid=$!; read -r _; kill -INT $pid; wait $pid; rm -rf "$2/data" "$2/log"`
	serve := exec.Command("/bin/sh", "-c", script, "sh", postgres, dir, strconv.Itoa(port))
	serve.SysProcAttr = who
	serve.SysProcAttr.Setpgid = true
	serve.Dir = dir
	if leash, err = serve.StdinPipe(); err != nil {
		return "", err
	}
	if err := serve.Start(); err != nil {
		return "", fmt.Errorf("start PostgreSQL: %w", err)
	}
	address = fmt.Sprintf("postgres://nod@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := waitFor(address); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", fmt.Errorf("PostgreSQL did not come up: %w\n%s", err, log)
	}
	return address, nil
}

func binaries() (initdb, postgres string, err error) {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	sort.Strings(places)
	for _, dir := range places {
		initdb, postgres = filepath.Join(dir, "initdb"), filepath.Join(dir, "postgres")
		if _, err := os.Stat(initdb); err == nil {
			return initdb, postgres, nil
		}
	}
	initdb, err1 := exec.LookPath("initdb")
	postgres, err2 := exec.LookPath("postgres")
	if errors.Join(err1, err2) != nil {
		return "", "", fmt.Errorf("no PostgreSQL server found: install it (Debian: apt-get install postgresql) or set %s to a server's address", ServerVariable)
	}
	return initdb, postgres, nil
}

func owner(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL will not run as root and the user postgres of its package is missing: %w", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func waitFor(address string) error {
	var err error
	for range 300 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, address); err == nil {
			err = conn.Close(ctx)
			cancel()
			return err
		}
		cancel()
		time.Sleep(50 * time.Millisecond)
	}
	return err
}
