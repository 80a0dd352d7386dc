package chaos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection of a client through the network.
type link struct {
	network        *Network
	client, server *net.TCPConn
	deaf           atomic.Bool // what the server says goes nowhere
	hangUp         atomic.Bool // at the server's next word
}

// reset ends a connection as a network does that lost it.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

func (l *link) reset() {
	reset(l.client)
	reset(l.server)
}

func (l *link) run() {
	var wg sync.WaitGroup
	wg.Go(func() {
		l.answers()
		if !l.deaf.Load() {
			l.reset()
		}
	})
	l.requests()
	if l.deaf.Load() { // until the client gives up
		_, _ = io.Copy(io.Discard, l.client)
	}
	l.reset()
	wg.Wait()
}

// answers carries what the server says.
func (l *link) answers() {
	buffer := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(buffer)
		if err != nil {
			return
		}
		if l.hangUp.Load() {
			return
		}
		if l.deaf.Load() {
			continue
		}
		if _, err := l.client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

var errGone = errors.New("the connection met its fault")

// requests carries what the client says, message by message, until one meets a fault
// (PostgreSQL documentation, Frontend/Backend Protocol, Message Formats).
func (l *link) requests() {
	if l.forward(0) != nil { // the first message has no type
		return
	}
	for l.forward(1) == nil {
	}
}

const longestMessage = 64 << 20

func (l *link) forward(typeLength int) error {
	head := make([]byte, typeLength+4)
	if _, err := io.ReadFull(l.client, head); err != nil {
		return err
	}
	length := binary.BigEndian.Uint32(head[typeLength:])
	if length < 4 || length > longestMessage {
		return errors.New("a message of impossible length")
	}
	message := append(head, make([]byte, length-4)...)
	if _, err := io.ReadFull(l.client, message[typeLength+4:]); err != nil {
		return err
	}
	if typeLength == 1 && isCommit(message) {
		if err := l.strike(); err != nil {
			return err
		}
	}
	_, err := l.server.Write(message)
	if err == nil && l.deaf.Load() {
		err = errGone
	}
	return err
}

// isCommit reports whether a message is COMMIT by the simple query protocol.
func isCommit(message []byte) bool {
	return message[0] == 'Q' && bytes.EqualFold(bytes.TrimRight(message[5:], "\x00; "), []byte("commit"))
}

// strike lets a COMMIT meet what it shall. It returns an error if it must not be sent.
func (l *link) strike() error {
	switch l.network.meet() {
	case ResetBefore:
		return errGone
	case ResetAfter:
		l.hangUp.Store(true)
	case SilenceBefore:
		l.deaf.Store(true)
		return errGone
	case SilenceAfter:
		l.deaf.Store(true)
	case Pause:
		time.Sleep(l.network.PauseFor)
	}
	return nil
}
