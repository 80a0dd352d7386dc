// Command nod is an OpenID Connect provider whose sign-in asks your own phone.
package main

func main() {}
