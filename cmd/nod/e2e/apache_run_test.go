package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
)

// apache is a web server whose pages mod_auth_openidc protects, all but /bye.
type apache struct {
	url      string
	callback string
}

const (
	apacheProgram = "/usr/sbin/apache2"
	apacheModules = "/usr/lib/apache2/modules"
)

// apacheConfig holds the places of: folder, port, modules, issuer, client id, secret.
const apacheConfig = `ServerName localhost
ServerRoot %[1]s
DefaultRuntimeDir %[1]s
PidFile %[1]s/pid
ErrorLog %[1]s/error.log
LogLevel warn auth_openidc:warn
Listen 127.0.0.1:%[2]d
LoadModule mpm_event_module %[3]s/mod_mpm_event.so
LoadModule authn_core_module %[3]s/mod_authn_core.so
LoadModule authz_core_module %[3]s/mod_authz_core.so
LoadModule authz_user_module %[3]s/mod_authz_user.so
LoadModule headers_module %[3]s/mod_headers.so
LoadModule dir_module %[3]s/mod_dir.so
LoadModule mime_module %[3]s/mod_mime.so
LoadModule auth_openidc_module %[3]s/mod_auth_openidc.so
TypesConfig /etc/mime.types
AddType text/html .html
KeepAlive Off
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MinSpareThreads 1
MaxSpareThreads 8
MaxRequestWorkers 8
DocumentRoot %[1]s/www
DirectoryIndex index.html
OIDCProviderMetadataURL %[4]s/.well-known/openid-configuration
OIDCClientID %[5]s
OIDCRedirectURI http://localhost:%[2]d/callback
OIDCCryptoPassphrase a-passphrase-of-this-test
OIDCRemoteUserClaim sub
OIDCPKCEMethod S256
OIDCScope "openid email"
%[6]s
<Location />
  AuthType openid-connect
  Require valid-user
  Header always set X-Who "expr=%%{REMOTE_USER}"
</Location>
<Location /bye>
  AuthType none
  Require all granted
</Location>
`

// serveApache reserves an address, has the client registered for it, and starts the web
// server with settings of the test's own.
func (w *world) serveApache(n client.New, settings ...string) *apache {
	w.t.Helper()
	if _, err := os.Stat(filepath.Join(apacheModules, "mod_auth_openidc.so")); errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal("mod_auth_openidc is not installed (Debian packages apache2 and libapache2-mod-auth-openidc)")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	a := &apache{url: fmt.Sprintf("http://localhost:%d", port)}
	a.callback = a.url + "/callback"
	n.RedirectURIs, n.PostLogoutRedirectURIs, n.FirstParty = []string{a.callback}, []string{a.url + "/bye"}, true
	if n.BackchannelLogoutURI != "" {
		n.BackchannelLogoutURI = a.callback + n.BackchannelLogoutURI
	}
	if n.FrontchannelLogoutURI != "" {
		n.FrontchannelLogoutURI = a.callback + n.FrontchannelLogoutURI
	}
	n.FirstParty = true
	c, secret, err := w.s.Clients.Add(w.t.Context(), n)
	if err != nil {
		w.t.Fatal(err)
	}
	if secret != "" {
		w.hide(secret)
		settings = append(settings, "OIDCClientSecret "+secret)
	}
	folder := w.t.TempDir()
	write := func(name, text string) {
		err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	write("www/index.html", "<!doctype html><title>Inside</title><main data-state=\"inside\">You are in.</main>\n")
	write("www/bye", "<!doctype html><title>Bye</title><main data-state=\"bye\">You are out.</main>\n")
	write("apache.conf", fmt.Sprintf(apacheConfig, folder, port, apacheModules, w.issuer, c.ID, strings.Join(settings, "\n")))
	if err := l.Close(); err != nil {
		w.t.Fatal(err)
	}
	a.run(w.t, folder)
	return a
}

// run starts the web server, as nobody in particular, and ends it with the test.
func (a *apache) run(t *testing.T, folder string) {
	t.Helper()
	cmd := exec.Command(apacheProgram, "-D", "FOREGROUND", "-f", filepath.Join(folder, "apache.conf"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(t, folder)}
	var said lockedBuffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start apache2: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(folder, "error.log"))
			t.Logf("apache2 said:\n%s%s", said.String(), log)
		}
	})
	for range 200 {
		if res, err := http.Get(a.url + "/bye"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("apache2 did not get ready\n%s", said.String())
}

// unprivileged is the user that Debian runs apache2 as, and hands the folder to it. A test
// that does not run as root runs apache2 as itself.
func unprivileged(t *testing.T, folder string) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("www-data")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{folder, filepath.Dir(folder)} { // both are the test's own, and closed to others
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(folder, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
