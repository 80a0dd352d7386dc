package simulator

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/pause"
)

const pollPause = 2 * time.Second

// Wait returns the open requests as soon as there are any. It listens to the
// server's event stream, and asks every two seconds where streams do not work.
func (p *Phone) Wait(ctx context.Context) ([]protocol.Request, error) {
	app := App{Phone: p}
	defer app.Close()
	return app.Wait(ctx)
}

// App is the app of a phone that stays open: it keeps its event stream from one request
// to the next, where a Phone opens one for each. It is for one goroutine.
type App struct {
	*Phone
	stream *stream
}

// Wait returns the open requests as soon as the server says that something changed and
// there are any. What was open when it last returned is not told again by itself.
func (a *App) Wait(ctx context.Context) ([]protocol.Request, error) {
	for {
		// A stream says at its start that there may be news, so it is opened first
		// and nothing falls in between.
		open, err := a.follow(ctx)
		if len(open) > 0 {
			return open, nil
		}
		if final(err) || ctx.Err() != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		if err == nil {
			// Streams end together when a server stops; they need not return so.
			if err := pause.For(ctx, rand.N(time.Second)); err != nil {
				return nil, err
			}
			continue
		}
		if err := pause.For(ctx, pollPause); err != nil {
			return nil, err
		}
		if open, err = a.Requests(ctx); len(open) > 0 || final(err) {
			return open, err
		}
	}
}

// follow reads the stream until there are open requests or it ends.
func (a *App) follow(ctx context.Context) (open []protocol.Request, err error) {
	if a.stream == nil {
		if a.stream, err = a.listen(ctx); err != nil {
			return nil, err
		}
	}
	if open, err = a.stream.next(ctx); len(open) == 0 || err != nil {
		a.Close()
	}
	return open, err
}

// Close ends the stream.
func (a *App) Close() {
	if a.stream != nil {
		a.stream.close()
		a.stream = nil
	}
}
