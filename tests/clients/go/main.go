// A client with golang.org/x/crypto/ssh and its own defaults: runs a command, or fetches a path from a port inside.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/crypto/ssh"
)

func main() {
	address, user, secret, what, argument := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	auth := ssh.Password(secret)
	if key, err := os.ReadFile(secret); err == nil {
		signer, err := ssh.ParsePrivateKey(key)
		check(err)
		auth = ssh.PublicKeys(signer)
	}
	config := &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{auth}, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	client, err := ssh.Dial("tcp", address, config)
	check(err)
	defer client.Close()
	if what == "dial" {
		conn, err := client.Dial("tcp", argument)
		check(err)
		_, err = conn.Write([]byte("hello\n"))
		check(err)
		_, err = io.Copy(os.Stdout, conn)
		check(err)
		return
	}
	session, err := client.NewSession()
	check(err)
	session.Stdin, session.Stdout, session.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = session.Run(argument)
	if exit, ok := err.(*ssh.ExitError); ok {
		os.Exit(exit.ExitStatus())
	}
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}
