// Package mfa decides when a second factor is due and carries one question from a
// waiting login to a person's devices and back. It owns the tables challenges,
// deliveries and prompt_budgets; guesses are counted in mfa/throttle. What a device
// is, which keys and secrets it has, is left to devices; what a login is, to idp:
// here it is an id and nothing more.
//
// Words: a challenge is one question, with the states pending, approved, verified,
// denied, reported, expired, superseded, withdrawn and failed. A delivery is that
// challenge on one device. A push passcode closes one challenge; a typed passcode
// is a factor of its own. A budget is how many prompts may still be sent. A wake-up
// is the knock at a device, so that it asks; whether it arrives decides nothing.
package mfa
