// Go's own resolver or the C library's (GODEBUG=netdns=go, netdns=cgo): ask '<way> <what>'..., one line of answer a task.
// Ways: get (net/http), socket (net.Dial: happy eyeballs).
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const limit = 8 * time.Second

func get(address string) (string, error) {
	client := http.Client{Timeout: limit}
	response, err := client.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func socket(what string) (string, error) {
	host, port, _ := strings.Cut(what, " ")
	made, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), limit)
	if err != nil {
		return "", err
	}
	defer made.Close()
	return "connected " + made.RemoteAddr().String(), nil
}

func main() {
	for number, task := range os.Args[1:] {
		way, what, _ := strings.Cut(task, " ")
		work := map[string]func(string) (string, error){"get": get, "socket": socket}[way]
		text, err := work(what)
		if err != nil {
			fmt.Println(number, "error", err)
		} else {
			fmt.Println(number, "ok", strings.TrimSpace(text))
		}
	}
}
