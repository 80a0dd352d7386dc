package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/nod-idp/nod/cmd/nod/config"
)

// load runs Load with these arguments, variables and the text of a file.
func load(t *testing.T, args, environ []string, yaml string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Bind(flags)
	if yaml != "" {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("nod.yaml", []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", "nod.yaml")
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(flags, environ)
}

func TestWithoutAnythingTheDefaultsHold(t *testing.T) {
	c, err := load(t, nil, []string{"PATH=/bin", "NOD_LISTEN="}, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.PublicURL != "http://localhost:8080" || c.Data != "nod-data" || c.Named() ||
		c.Argon2Memory != 19*1024 || c.Argon2Time != 2 || c.ApprovalWindow != 120*time.Second || c.SessionIdle != time.Hour ||
		c.RefreshLifetime != 90*24*time.Hour || c.KnownBrowser != 180*24*time.Hour || !c.HSTS || c.MatchDigits != 2 {
		t.Errorf("got %+v", c)
	}
	for _, r := range c.Rows() {
		if r.Origin != "default" {
			t.Errorf("%s: got origin %q, want default", r.Name, r.Origin)
		}
	}
}

func TestAFlagCountsBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	yaml := "# nod\nlisten: 127.0.0.1:1\norganisation: From the file\nlog_level: warn\nhsts: false\ntrusted_proxies:\n  - 127.0.0.1\n  - 10.0.0.0/8\n"
	c, err := load(t, []string{"--listen", "127.0.0.1:3"}, []string{"NOD_LISTEN=127.0.0.1:2", "NOD_ORGANISATION=From the environment"}, yaml)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range c.Rows() {
		got[r.Name] = r.Value + " from " + r.Origin
	}
	for name, want := range map[string]string{
		"listen": "127.0.0.1:3 from flag --listen", "organisation": "From the environment from environment NOD_ORGANISATION",
		"log_level": "warn from nod.yaml:4", "hsts": "false from nod.yaml:5", "trusted_proxies": "127.0.0.1/32,10.0.0.0/8 from nod.yaml:6",
		"match_digits": "2 from default", "public_url": "http://localhost:3 from default",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}

func TestTheFileCanBeNamedInTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(path, []byte("match_digits: 6\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := load(t, nil, []string{"NOD_CONFIG=" + path}, ""); err != nil || c.MatchDigits != 6 {
		t.Errorf("got %d, %v, want 6", c.MatchDigits, err)
	}
}

func TestAFileWithMistakesIsRefusedWithItsLine(t *testing.T) {
	for _, row := range []struct{ says, yaml, want string }{
		{"an unknown key", "listen: 127.0.0.1:1\n\nsmtp: x\n", `nod.yaml:3: unknown setting: "smtp" is refused; allowed is one of data, `},
		{"a mistyped key", "lissten: 127.0.0.1:1\n", `nod.yaml:1: unknown setting: "lissten" is refused; allowed is listen, `},
		{"a key twice", "hsts: true\nhsts: false\n", "nod.yaml:2: hsts stands here a second time; it was set at nod.yaml:1"},
		{"a key without a value", "a:\n", `nod.yaml:1: unknown setting: "a"`},
		{"a known key without a value", "listen:\n", `nod.yaml:1: listen: "" is refused; allowed is HOST:PORT`},
		{"a list where one value belongs", "listen: [a, b]\n", `nod.yaml:1: listen: "a,b" is refused`},
		{"a mapping where a value belongs", "listen:\n  host: x\n", `nod.yaml:2: listen: "a mapping" is refused`},
		{"an alias", "organisation: &x Nod\nlisten: *x\n", `nod.yaml:2: listen: "an alias" is refused`},
		{"a merge", "a: &x {}\n<<: *x\n", `nod.yaml:2: unknown setting: "<<"`},
		{"two documents", "hsts: true\n---\nhsts: false\n", "nod.yaml: there is more than one document in it"},
		{"a list of settings", "- listen: x\n", "nod.yaml:1: this is not a list of settings"},
		{"something that is not YAML", "listen: [\n", "nod.yaml: yaml: line "},
		{"a host without a port", "listen: localhost\n", `nod.yaml:1: listen: "localhost" is refused; allowed is HOST:PORT, such as 127.0.0.1:8080 or :443`},
		{"a boolean that is none", "hsts: yes\n", `nod.yaml:1: hsts: "yes" is refused; allowed is true or false`},
		{"a duration without a unit", "session_idle: 60\n", `nod.yaml:1: session_idle: "60" is refused; allowed is a duration with its unit from 5m to 90d`},
		{"a duration that is too long", "code_lifetime: 61s\n", `nod.yaml:1: code_lifetime: "61s" is refused; allowed is a duration with its unit from 5s to 60s`},
		{"two mistakes, both told", "hsts: 1\nmatch_digits: 9\n", `nod.yaml:2: match_digits: "9" is refused; allowed is a number from 2 to 6`},
	} {
		t.Run(row.says, func(t *testing.T) {
			_, err := load(t, nil, nil, row.yaml)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

func TestABadValueIsRefusedWithWhereItStands(t *testing.T) {
	for _, row := range []struct {
		says    string
		args    []string
		environ []string
		want    string
	}{
		{"a flag", []string{"--listen=x"}, nil, `flag --listen: listen: "x" is refused`},
		{"a variable", nil, []string{"NOD_MATCH_DIGITS=two"}, `environment NOD_MATCH_DIGITS: match_digits: "two" is refused; allowed is a number from 2 to 6`},
		{"an unknown variable", nil, []string{"NOD_LISTEM=x"}, `environment: unknown setting: "NOD_LISTEM" is refused; allowed is NOD_LISTEN`},
		{"a port beyond 65535", []string{"--listen=127.0.0.1:70000"}, nil, "listen"},
		{"a log level of slog's own", []string{"--log-level=info+2"}, nil, "debug, info, warn or error"},
		{"memory without a unit", []string{"--argon2-memory=19456"}, nil, "with its unit from 8MiB to 1024MiB"},
		{"too little memory", []string{"--argon2-memory=1MiB"}, nil, "with its unit from 8MiB"},
		{"no passes", []string{"--argon2-time=0"}, nil, "from 1 to 64"},
		{"passwords that are too short", []string{"--min-password-length=7"}, nil, "from 8 to 64"},
		{"a proxy that is no network", []string{"--trusted-proxies=proxy.example"}, nil, `"proxy.example" is refused`},
		{"a database of another kind", []string{"--database=mysql://nod:geheim@db/nod"}, nil, "postgres://USER"},
		{"an organisation of two lines", []string{"--organisation=a\nb"}, nil, "one line"},
		{"an idle time beyond the lifetime", []string{"--session-idle=48h"}, nil, "at most session_lifetime, which is 24h"},
		{"an idle refresh token beyond its lifetime", nil, []string{"NOD_REFRESH_IDLE=91d"}, "environment NOD_REFRESH_IDLE: refresh_idle"},
		{"no data", []string{"--data="}, nil, "a directory, or database and sealing_key_file"},
		{"a file that is not there", []string{"--config=missing.yaml"}, nil, "no such file"},

		{"http for a public host", []string{"--public-url=http://login.example"}, nil, "http only for localhost"},
		{"http for a private network", []string{"--public-url=http://192.168.1.2"}, nil, "http only for localhost"},
		{"a user in the URL", []string{"--public-url=https://a@login.example"}, nil, "without path, query or user"},
		{"a path", []string{"--public-url=https://login.example/nod"}, nil, "without path, query or user"},
		{"a query", []string{"--public-url=https://login.example?x=1"}, nil, "without path, query or user"},
		{"an empty fragment", []string{"--public-url=https://login.example#"}, nil, "without path, query or user"},
		{"no scheme", []string{"--public-url=login.example"}, nil, "without path, query or user"},
		{"another scheme", []string{"--public-url=ftp://login.example"}, nil, "without path, query or user"},
		{"a host that is none", []string{"--public-url=https://login_.example"}, nil, "without path, query or user"},
		{"https that nobody speaks", []string{"--public-url=https://login.example"}, nil, "https only with tls_cert and tls_key"},
		{"one TLS file", []string{"--tls-cert=x.pem"}, nil, "both tls_cert and tls_key"},
		{"TLS files that are not there", []string{"--public-url=https://login.example", "--tls-cert=x.pem", "--tls-key=y.pem"}, nil, "a readable certificate"},
		{"a network without TLS", []string{"--listen=0.0.0.0:8080", "--public-url=http://localhost:8080"}, nil, "a loopback address, unless"},
		{"a network without any URL", []string{"--listen=:8080"}, nil, "it has to be said unless listen"},
		{"port 0 without a URL", []string{"--listen=127.0.0.1:0"}, nil, "it has to be said unless listen"},
	} {
		t.Run(row.says, func(t *testing.T) {
			_, err := load(t, row.args, row.environ, "")
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("got %v, want %s", err, row.want)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("a password is shown: %v", err)
			}
		})
	}
}

func TestThePublicURLHasOneForm(t *testing.T) {
	for written, want := range map[string]string{
		"http://localhost:8080/": "http://localhost:8080", "http://127.0.0.1:80": "http://127.0.0.1", "http://[::1]:8080": "http://[::1]:8080",
		"HTTPS://Login.Example/": "https://login.example", "https://login.example:443": "https://login.example",
		"https://login.example:8443/": "https://login.example:8443", "https://192.0.2.1": "https://192.0.2.1", "http://127.8.0.1:1": "http://127.8.0.1:1",
	} {
		c, err := load(t, []string{"--public-url", written, "--trusted-proxies", "127.0.0.1"}, nil, "")
		if err != nil || c.PublicURL != want {
			t.Errorf("%s: got %q, %v, want %q", written, c.PublicURL, err, want)
		}
	}
}

func TestTLSFilesAllowANetwork(t *testing.T) {
	cert, key := keyPair(t)
	c, err := load(t, []string{"--listen=:443", "--public-url=https://login.example", "--tls-cert", cert, "--tls-key", key}, nil, "")
	if err != nil || !c.TLS() {
		t.Errorf("got %v", err)
	}
	if _, err := load(t, []string{"--public-url=http://localhost:8080", "--tls-cert", cert, "--tls-key", key}, nil, ""); err == nil ||
		!strings.Contains(err.Error(), "an https URL, since tls_cert is set") {
		t.Errorf("http with TLS files: got %v", err)
	}
}

func TestVariablesOfOthersAreLeftAlone(t *testing.T) {
	if _, err := load(t, nil, []string{"NOD_PORT=tcp://10.0.0.1:80", "NOD_SERVICE_HOST=10.0.0.1", "NOD_PORT_80_TCP_ADDR=x"}, ""); err != nil {
		t.Errorf("what Kubernetes sets for a service called nod: %v", err)
	}
}

func TestThePasswordOfTheDatabaseIsNotShown(t *testing.T) {
	for _, address := range []string{"postgres://nod:geheim@db.example/nod", "postgresql://db.example/nod?user=nod&password=geheim"} {
		c, err := load(t, []string{"--database", address}, nil, "")
		if err != nil || c.Database != address {
			t.Fatalf("got %q, %v", c.Database, err)
		}
		for _, r := range c.Rows() {
			if strings.Contains(r.Value, "geheim") || r.Name == "database" && !strings.Contains(r.Value, "db.example") {
				t.Errorf("%s: got %q", r.Name, r.Value)
			}
		}
	}
}

func TestAVerbFindsItsPlaceInTheServersFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(path, []byte("data: /var/lib/nod\nlisten: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("user", pflag.ContinueOnError)
	config.BindPlace(flags)
	if err := flags.Parse([]string{"--config", path}); err != nil {
		t.Fatal(err)
	}
	p, err := config.LoadForVerb(flags, []string{"NOD_SEALING_KEY_FILE=/etc/nod/key"})
	if err != nil || !p.Named() || p.DatabaseAddress() != "/var/lib/nod/nod.db" || p.KeyFile() != "/etc/nod/key" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestDurationsCarryTheirUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "30d": 30 * 24 * time.Hour, "1h30m": 90 * time.Minute, "0s": 0} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "60", "1.5d", "-1d", "d", "99999d", "1w"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
	for want, d := range map[string]time.Duration{"120s": 2 * time.Minute, "15m": 15 * time.Minute, "24h": 24 * time.Hour, "30d": 30 * 24 * time.Hour, "0s": 0, "90m": 90 * time.Minute} {
		if got := config.Words(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"login.example"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
