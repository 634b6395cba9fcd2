"""A mail server that keeps what it is sent, for tests: EHLO, AUTH PLAIN, MAIL, RCPT, DATA. Standard library only."""
import base64
import email
import email.policy
import queue
import socketserver
import threading


class Mail:
    def __init__(self, sender, recipients, user, password, data):
        self.sender, self.recipients, self.user, self.password = sender, recipients, user, password
        self.raw = data
        self.message = email.message_from_bytes(data, policy=email.policy.default)


class MailServer:
    """Puts mails into `mails`. `refuse(command)` may answer a line such as "451 later" to MAIL, RCPT, DATA or AUTH."""

    def __init__(self, port=0, refuse=lambda command: None, users=None):
        self.mails, self.refusals = queue.Queue(), queue.Queue()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                sender, recipients, user, password = "", [], "", ""
                self.say("220 sink ESMTP")
                while line := self.rfile.readline():
                    command = line.decode().strip()
                    verb = command.split(" ")[0].split(":")[0].upper()
                    refusal = refuse(verb) if verb in ("MAIL", "RCPT", "DATA", "AUTH") else None
                    if refusal:
                        server.refusals.put((verb, refusal))
                        self.say(refusal)
                    elif verb == "EHLO":
                        self.say("250-sink")
                        if users:
                            self.say("250-AUTH PLAIN")
                        self.say("250 8BITMIME")
                    elif verb == "HELO":
                        self.say("250 sink")
                    elif verb == "AUTH":
                        words = command.split(" ")
                        if len(words) < 3:
                            self.say("334 ")
                            words.append(self.rfile.readline().decode().strip())
                        _, user, password = base64.b64decode(words[2]).decode().split("\0")
                        self.say("235 ok" if users.get(user) == password else "535 no")
                    elif verb == "MAIL":
                        sender = command.split("<")[1].split(">")[0]
                        self.say("250 ok")
                    elif verb == "RCPT":
                        recipients.append(command.split("<")[1].split(">")[0])
                        self.say("250 ok")
                    elif verb == "DATA":
                        self.say("354 go on")
                        lines = []
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            lines.append(line[1:] if line.startswith(b"..") else line)
                        server.mails.put(Mail(sender, recipients, user, password, b"".join(lines)))
                        self.say("250 taken")
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok")

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
