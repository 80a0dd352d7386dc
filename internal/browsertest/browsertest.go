// Package browsertest is the ground that tests in real browsers stand on: how long
// they wait, where programs are found, how processes and folders are cleaned up.
//
// The kit itself is in the folders below, one idea each:
//
//   - chromium and firefox start a headless browser with everything it talks to and
//     drive its pages: chromium.Start(t), firefox.Start(t)
//   - pushservice is the side of a push service that the sender sees (RFC 8030), the
//     same for both browsers; gcm and autopush are the sides that they see
//   - notifications is the desktop: it collects what the browser shows and clicks it
//   - axe looks for accessibility violations on a page
//   - marionette is the protocol that Firefox is driven by
//
// Nothing here is ever skipped: a missing program fails the test with the name of the
// Debian package that has it. Nothing reaches beyond the loopback interface. Run one
// browser at a time: tests of this kit and tests on it are not parallel.
//
// What the product does in these browsers is tested next to the product.
package browsertest
