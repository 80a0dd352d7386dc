// Package notifications is the desktop that a browser shows its notifications on: a
// D-Bus session of its own with a notification daemon that keeps what it is shown and
// clicks it when a test says so. A click through it is a trusted event in the worker,
// the only kind that may open or focus a window.
//
// The interface is the Desktop Notifications Specification, version 1.2
// (org.freedesktop.Notifications).
package notifications

import (
	"bufio"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/nod-idp/nod/internal/browsertest"
)

// A Daemon collects the notifications of one browser.
type Daemon struct {
	address string
	conn    *dbus.Conn

	mu      sync.Mutex
	last    uint32
	open    []Notification
	history []Notification
}

// Start starts a private D-Bus session and the daemon on it. Both end with the test.
func Start(t testing.TB) *Daemon {
	t.Helper()
	program := browsertest.Program(t, "dbus", "dbus-daemon")
	cmd := exec.Command(program, "--session", "--nofork", "--nopidfile", "--print-address=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	process := browsertest.Run(t, cmd)
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon printed no address: %v\n%s", err, process.Printed(10))
	}
	d := &Daemon{address: strings.TrimSpace(address)}
	if err := d.serve(); err != nil {
		t.Fatalf("serve notifications: %v", err)
	}
	t.Cleanup(func() { _ = d.conn.Close() })
	return d
}

// Environment returns the variables that lead a browser to this desktop.
func (d *Daemon) Environment() []string {
	return []string{"DBUS_SESSION_BUS_ADDRESS=" + d.address}
}

const (
	busName    = "org.freedesktop.Notifications"
	objectPath = dbus.ObjectPath("/org/freedesktop/Notifications")
)

func (d *Daemon) serve() (err error) {
	if d.conn, err = dbus.Connect(d.address); err != nil {
		return err
	}
	if err = d.conn.ExportMethodTable(map[string]any{
		"Notify":               d.notify,
		"CloseNotification":    d.closeNotification,
		"GetCapabilities":      capabilities,
		"GetServerInformation": information,
	}, objectPath, busName); err != nil {
		return err
	}
	_, err = d.conn.RequestName(busName, dbus.NameFlagDoNotQueue)
	return err
}

// capabilities are what browsers look for: without "actions" they show no buttons.
func capabilities() ([]string, *dbus.Error) {
	return []string{"actions", "body", "body-markup", "body-hyperlinks", "icon-static", "persistence"}, nil
}

func information() (name, vendor, version, specification string, problem *dbus.Error) {
	return "nod-test", "nod", "1", "1.2", nil
}

// notify is called by the browser to show a notification, or to change one.
func (d *Daemon) notify(app string, replaces uint32, icon, title, body string, actions []string,
	hints map[string]dbus.Variant, timeout int32) (uint32, *dbus.Error) {
	n := Notification{Title: title, Body: body, Actions: map[string]string{}}
	for i := 0; i+1 < len(actions); i += 2 {
		n.Actions[actions[i]] = actions[i+1]
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	n.ID = replaces
	if n.ID == 0 {
		d.last++
		n.ID = d.last
	}
	d.remove(n.ID)
	d.open = append(d.open, n)
	d.history = append(d.history, n)
	return n.ID, nil
}

// Why a notification was closed, in the words of the specification.
const (
	closedByPerson = 2
	closedByCall   = 3
)

// closeNotification is called by the browser to take a notification back.
func (d *Daemon) closeNotification(id uint32) *dbus.Error {
	d.mu.Lock()
	known := d.remove(id)
	d.mu.Unlock()
	if !known {
		return nil
	}
	if err := d.emit("NotificationClosed", id, uint32(closedByCall)); err != nil {
		return dbus.MakeFailedError(err)
	}
	return nil
}

func (d *Daemon) emit(signal string, args ...any) error {
	return d.conn.Emit(objectPath, busName+"."+signal, args...)
}
