"""A mail server for tests and for people who try Tidings: keeps each mail as a file, and passes none on.

Of mail number n it writes n.eml, as it came, and then n.json, as a mail program reads it.

What a recipient's address begins with tells what becomes of a mail to it:
  busy-2@     451 twice, then taken; any other number too, here and below
  refused@    550, which names the address
  silent-1@   once no answer after the mail was sent, then taken
  dropped-1@  once the connection ends after the mail was sent, then taken
  goodbye@    taken, and then the connection ends
Any other is taken.
"""

import argparse
import asyncio
import email
import email.policy
import hmac
import json
import logging
import os
import re
import ssl
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Postbox:
    """Takes mails or does not, and writes down those that it took."""

    def __init__(self, directory, tells):
        self.directory = directory
        self.tells = tells
        self.count = max((int(path.stem) for path in directory.glob("*.eml") if path.stem.isdecimal()), default=0)
        self.tries = Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if word(address) == "refused":
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        if self.is_due(address, "busy"):
            return "451 4.7.1 Busy, come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        for address in envelope.rcpt_tos:
            if self.is_due(address, "silent"):
                await asyncio.sleep(3600)
            if self.is_due(address, "dropped"):
                server.transport.abort()
                return "421 4.3.2 Gone"
            if word(address) == "goodbye":
                # After the answer, which is written first.
                asyncio.get_running_loop().call_soon(server.transport.close)
        self.count += 1
        self.write(session, envelope, encrypted=bool(server.transport.get_extra_info("ssl_object")))
        return f"250 2.0.0 OK: queued as {self.count}"

    def is_due(self, address, what):
        """Whether `address` says to do `what`, and has not had it as often as it says."""
        found = re.fullmatch(r"(\w+)-(\d+)@.*", address)
        if not found or found[1] != what:
            return False
        self.tries[address] += 1
        return self.tries[address] <= int(found[2])

    def write(self, session, envelope, encrypted):
        number, content = self.count, envelope.original_content
        read = parsed(content)
        envelope_told = {
            "number": number,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "hello": session.host_name,
            "port": session.peer[1],
            "encrypted": encrypted,
            "user": session.auth_data,
        }
        self.replace(f"{number}.eml", content)
        self.replace(f"{number}.json", json.dumps(envelope_told | read, indent=2).encode())
        if self.tells:
            subject = dict(read["headers"]).get("Subject", "")
            print(f"{number}.eml to {', '.join(envelope.rcpt_tos)}: {subject}", flush=True)

    def replace(self, name, content):
        """Whoever sees the file sees all of it."""
        aside = self.directory / f".{name}"
        aside.write_bytes(content)
        aside.rename(self.directory / name)


def word(address):
    return address.partition("@")[0]


def parsed(content):
    """What a mail program sees: headers decoded, the parts in their order, and everything that is not as it must be."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    leaves = [part for part in mail.walk() if not part.is_multipart()]
    defects = [part.defects for part in mail.walk()] + [value.defects for value in mail.values()]
    return {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "content_type": mail.get_content_type(),
        "parts": [[part.get_content_type(), part.get_content()] for part in leaves],
        "defects": [repr(defect) for some in defects for defect in some],
    }


def settings():
    parser = argparse.ArgumentParser(prog="tests/mail/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025, help="1025 unless told; 0 for one that is free")
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir(), "tidings-mails"))
    parser.add_argument("--tls", choices=["starttls", "implicit"], help="and nothing unencrypted")
    parser.add_argument("--certificate", type=Path, help="PEM, for --tls")
    parser.add_argument("--key", type=Path, help="PEM, for --tls")
    parser.add_argument("--username", help="whoever sends has to sign in, with the password in MAIL_PASSWORD")
    parser.add_argument("--guarded", action="store_true", help="say nothing but the address, and end with standard input")
    given = parser.parse_args()
    if given.tls and not (given.certificate and given.key):
        parser.error("--tls needs --certificate and --key")
    if given.username and "MAIL_PASSWORD" not in os.environ:
        parser.error("--username needs MAIL_PASSWORD in the environment")
    return given


def sign_in(username, password):
    def authenticate(server, session, envelope, mechanism, data):
        known = isinstance(data, LoginPassword) and data.login == username.encode()
        right = known and hmac.compare_digest(data.password, password.encode())
        return AuthResult(success=right, handled=False, auth_data=username)

    return authenticate


async def serve(given):
    given.directory.mkdir(parents=True, exist_ok=True)
    postbox = Postbox(given.directory, tells=not given.guarded)
    context = None
    if given.tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given.certificate, given.key)
    options = {"hostname": "tidings-mail", "enable_SMTPUTF8": True, "data_size_limit": 2**20}
    if given.tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if given.username:
        # It warns of what is asked for here: a password on a connection that is not encrypted.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        options |= {
            "authenticator": sign_in(given.username, os.environ["MAIL_PASSWORD"]),
            "auth_required": True,
            "auth_require_tls": False,
        }
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(postbox, **options), given.host, given.port, ssl=context if given.tls == "implicit" else None
    )
    host, port = server.sockets[0].getsockname()[:2]
    print(f"{host}:{port}", flush=True)
    if given.guarded:
        # Whoever started this holds the other end, and lets go of it when it ends, however that comes about.
        await asyncio.to_thread(sys.stdin.buffer.read)
        os._exit(0)
    print(f"mails are kept in {given.directory}; Ctrl-C ends this", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(serve(settings()))
    except KeyboardInterrupt:
        pass
