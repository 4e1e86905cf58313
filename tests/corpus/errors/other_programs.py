"""What a user of Go, Java, Ruby and PHP would write: one call. Arguments: URL, model, seconds to wait, how."""

from __future__ import annotations

from typing import Final

GO: Final = """\
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

type completion struct {
	Choices []struct{ Message struct{ Content string } }
}

func ask(client *http.Client, url, question string) (string, error) {
	reply, err := client.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(question))
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return "", fmt.Errorf("reading the reply: %w", err)
	}
	if reply.StatusCode != 200 {
		return "", fmt.Errorf("%s: %s", reply.Status, body)
	}
	var said completion
	if err := json.Unmarshal(body, &said); err != nil {
		return "", fmt.Errorf("parsing the reply: %w", err)
	}
	return said.Choices[0].Message.Content, nil
}

func main() {
	url, model, how := os.Args[1], os.Args[2], os.Args[4]
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	wait := time.Duration(seconds * float64(time.Second))
	client := &http.Client{}
	switch how {
	case "total":
		client.Timeout = wait
	case "head":
		dialer := &net.Dialer{Timeout: wait}
		client.Transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			TLSHandshakeTimeout: wait, ResponseHeaderTimeout: wait}
	}
	question := fmt.Sprintf(`{"model": %q, "messages": [{"role": "user", "content": "Hello"}]}`, model)
	said, err := ask(client, url, question)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(said)
}
"""

JAVA: Final = """\
import java.net.URI;
import java.net.http.*;
import java.time.Duration;

public class App {
    public static void main(String[] args) throws Exception {
        Duration wait = Duration.ofMillis((long) (Double.parseDouble(args[2]) * 1000));
        String messages = "[{'role': 'user', 'content': 'Hello'}]";
        String question = ("{'model': '" + args[1] + "', 'messages': " + messages + "}").replace("'", "\\"");
        URI place = URI.create(args[0] + "/v1/chat/completions");
        if (args[3].equals("url")) {
            var call = (java.net.HttpURLConnection) place.toURL().openConnection();
            call.setConnectTimeout((int) wait.toMillis());
            call.setReadTimeout((int) wait.toMillis());
            call.setDoOutput(true);
            call.getOutputStream().write(question.getBytes());
            System.out.println(new String(call.getInputStream().readAllBytes()));
            return;
        }
        HttpClient client = HttpClient.newBuilder().connectTimeout(wait).build();
        HttpRequest request = HttpRequest.newBuilder(place).timeout(wait)
                .POST(HttpRequest.BodyPublishers.ofString(question)).build();
        System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }
}
"""

RUBY: Final = """\
require "net/http"
require "json"

url, model, wait, = ARGV
place = URI(url + "/v1/chat/completions")
http = Net::HTTP.new(place.host, place.port)
http.use_ssl = place.scheme == "https"
http.open_timeout = http.read_timeout = wait.to_f
http.max_retries = 0
question = { model: model, messages: [{ role: "user", content: "Hello" }] }
reply = http.post(place.path, question.to_json, "Content-Type" => "application/json")
reply.value
puts JSON.parse(reply.body)["choices"][0]["message"]["content"]
"""

PHP: Final = """\
<?php
[, $url, $model, $wait, $how] = $argv;
$question = json_encode(['model' => $model, 'messages' => [['role' => 'user', 'content' => 'Hello']]]);
if ($how === 'stream') {
    $context = stream_context_create(['http' => ['method' => 'POST', 'timeout' => (float) $wait,
        'header' => 'Content-Type: application/json', 'content' => $question]]);
    echo file_get_contents($url . '/v1/chat/completions', false, $context);
    exit;
}
$call = curl_init($url . '/v1/chat/completions');
curl_setopt_array($call, [CURLOPT_POSTFIELDS => $question, CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => ['Content-Type: application/json'], CURLOPT_TIMEOUT_MS => (int) ($wait * 1000)]);
$reply = curl_exec($call);
if ($reply === false) {
    $told = 'cURL error ' . curl_errno($call) . ': ' . curl_error($call);
    throw new RuntimeException($told . ' for ' . $url . '/v1/chat/completions');
}
echo json_decode($reply, false, 512, JSON_THROW_ON_ERROR)->choices[0]->message->content;
"""
