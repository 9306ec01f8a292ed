#!/usr/bin/env python3
"""Walks through every endpoint of a running Roomcast as a client written for the guide would.

    pip install websockets
    roomcast dev                                     # in another terminal
    python3 docs/examples/guide_client.py http://127.0.0.1:7666

Each step prints PASS, FAIL or SKIP; the exit status is 1 when one failed.  Tokens come from
`--secret` (HS256, signed here), `--token`, or `POST /dev/token` of `roomcast dev`.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from urllib.parse import quote

import websockets
from websockets.exceptions import InvalidStatus, WebSocketException

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HEARTBEAT = '{"type":"ping"}'


class Skip(Exception):
    """The step cannot be taken here, and why."""


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(secret: str, claims: dict) -> str:
    head = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return head + "." + b64(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())


def expect(got, wanted):
    assert got == wanted, f"expected {wanted!r}, got {got!r}"


class Walk:
    def __init__(self, arguments):
        self.base = arguments.base.rstrip("/")
        self.ws = re.sub(r"^http", "ws", self.base)
        self.arguments = arguments
        self.room = f"guide-{uuid.uuid4().hex[:8]}"

    def connect(self, path, **options):
        return websockets.connect(self.ws + path, proxy=None, **options)

    async def hear(self, socket):
        """The next frame."""
        return await asyncio.wait_for(socket.recv(), self.arguments.timeout)

    async def hear_type(self, socket, kind):
        """The next native frame of this type; others, such as presence, may come between."""
        while True:
            frame = json.loads(await self.hear(socket))
            if frame["type"] == "error" and kind != "error":
                raise AssertionError(f"waiting for {kind}, got {frame}")
            if frame["type"] == kind:
                return frame

    async def enter(self, socket, name):
        """Says something in a guide's room and hears it: from now on this member is in it."""
        await socket.send(json.dumps({"user": name, "text": f"{name} is here"}))
        await self.hear_text(socket, f"{name} is here")

    async def hear_text(self, socket, text):
        """The next frame, which must say this."""
        message = json.loads(await self.hear(socket))
        expect(message.get("text"), text)
        return message

    async def refused(self, path, status=401, **options):
        try:
            async with self.connect(path, **options):
                raise AssertionError(f"{path.split('?')[0]} became a socket instead of HTTP {status}")
        except InvalidStatus as error:
            expect(error.response.status_code, status)

    async def token(self, name="Ann"):
        arguments = self.arguments
        if arguments.token:
            return arguments.token
        if arguments.secret:
            rooms = {"*": ["join", "publish", "presence", "history"]}
            claims = {"sub": name.lower(), "name": name, "rooms": rooms, "exp": int(time.time()) + 300}
            if arguments.issuer:
                claims["iss"] = arguments.issuer
            if arguments.audience:
                claims["aud"] = arguments.audience
            return sign(arguments.secret, claims)
        request = urllib.request.Request(
            self.base + "/dev/token",
            json.dumps({"name": name, "user": name.lower()}).encode(),
            {"content-type": "application/json", "origin": self.base},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            answer = await asyncio.to_thread(opener.open, request, timeout=self.arguments.timeout)
        except urllib.error.HTTPError as error:
            raise Skip(f"give --secret or --token: /dev/token answers {error.code}") from None
        return json.load(answer)["token"]

    # --- the steps, in this order ---

    async def echo_answers_text(self):
        """/ws answers every text with `Echo: T`"""
        async with self.connect("/ws") as socket:
            for text in ["hello", "", "Grüße 🍵", '{"type":"ping"}', "x" * 20_000]:
                await socket.send(text)
                expect(await self.hear(socket), f"Echo: {text}")

    async def echo_returns_binary(self):
        """/ws returns a binary frame as it is"""
        async with self.connect("/ws") as socket:
            await socket.send(bytes(range(256)))
            expect(await self.hear(socket), bytes(range(256)))

    async def chat_reaches_everyone(self):
        """/ws/chat/{room} reaches every member, the sender too"""
        path = f"/ws/chat/{self.room}"
        async with self.connect(path) as ann:
            await self.enter(ann, "Ann")
            async with self.connect(path) as bob:
                await self.enter(bob, "Bob")
                await self.hear_text(ann, "Bob is here")
                await ann.send(json.dumps({"user": "Ann", "text": 'Hi "Bob" 🍵'}))
                for socket in (ann, bob):
                    message = json.loads(await self.hear(socket))
                    expect(sorted(message), ["room", "text", "timestamp", "user"])
                    expect((message["user"], message["text"], message["room"]), ("Ann", 'Hi "Bob" 🍵', self.room))
                    assert TIMESTAMP.fullmatch(message["timestamp"]), message["timestamp"]

    async def chat_without_a_name(self):
        """/ws/chat/{room} calls who gives no name `anonymous`"""
        async with self.connect(f"/ws/chat/{self.room}-nameless") as ann:
            await ann.send('{"text":"who am I"}')
            expect(json.loads(await self.hear(ann))["user"], "anonymous")

    async def chat_keeps_rooms_apart(self):
        """/ws/chat/{room} keeps rooms apart"""
        async with self.connect(f"/ws/chat/{self.room}-a") as ann, self.connect(f"/ws/chat/{self.room}-b") as bob:
            await self.enter(bob, "Bob")
            await self.enter(ann, "Ann")
            await self.enter(bob, "Bob")  # and does not hear Ann before himself

    async def chat_says_who_left(self):
        """/ws/chat/{room} tells the rest `User left`, once"""
        path = f"/ws/chat/{self.room}-left"
        async with self.connect(path) as ann:
            await self.enter(ann, "Ann")
            async with self.connect(path) as bob:
                await self.enter(bob, "Bob")
                await self.hear_text(ann, "Bob is here")
            expect(json.loads(await self.hear(ann)), {"type": "system", "text": "User left"})
            await self.enter(ann, "Ann")  # and hears nothing more before that

    async def chat_refuses_what_it_cannot_read(self):
        """/ws/chat/{room} answers a bad frame with an error and goes on"""
        async with self.connect(f"/ws/chat/{self.room}-bad") as ann:
            for bad in ["not json", '{"user":"Ann"}', '{"text":1}', "[]"]:
                await ann.send(bad)
                answer = json.loads(await self.hear(ann))
                expect((answer["type"], answer["code"]), ("error", "bad_request"))
            await ann.send('{"text":"still here"}')
            await self.hear_text(ann, "still here")

    async def secure_refuses_before_the_upgrade(self):
        """/ws/secure answers 401 without a good token, never a socket"""
        for query in ["", "?token=", "?token=nonsense", "?token=a.b.c"]:
            await self.refused("/ws/secure" + query)
        none = b64(b'{"alg":"none","typ":"JWT"}') + "." + b64(b'{"sub":"ann","exp":9999999999}') + "."
        await self.refused("/ws/secure?token=" + none)
        await self.refused("/ws/secure?token=" + sign("not the secret", {"sub": "ann", "exp": 9_999_999_999}))

    async def secure_refuses_an_expired_token(self):
        """/ws/secure answers 401 to an expired token"""
        if not self.arguments.secret:
            raise Skip("needs --secret")
        old = sign(self.arguments.secret, {"sub": "ann", "name": "Ann", "exp": int(time.time()) - 3600})
        await self.refused("/ws/secure?token=" + old)

    async def secure_refuses_a_changed_token(self):
        """/ws/secure answers 401 when one byte of the signature is changed"""
        head, claims, signature = (await self.token()).split(".")
        changed = ("B" if signature[0] == "A" else "A") + signature[1:]
        await self.refused(f"/ws/secure?token={head}.{claims}.{changed}")

    async def secure_greets(self):
        """/ws/secure answers `Hello {name}: T`"""
        token = await self.token()
        async with self.connect("/ws/secure?token=" + quote(token)) as socket:
            await socket.send("good morning")
            answer = await self.hear(socket)
            if self.arguments.token:
                assert re.fullmatch("Hello .+: good morning", answer), answer
            else:
                expect(answer, "Hello Ann: good morning")

    async def reliable_answers(self):
        """/ws/reliable answers `Received: M` and swallows pongs"""
        async with self.connect("/ws/reliable") as socket:
            await socket.send('{"type":"pong"}')
            await socket.send('{ "a": 1,\n "b": [true, "x y"] }')
            answer = await self.hear(socket)
            while answer == HEARTBEAT:
                answer = await self.hear(socket)
            expect(answer, 'Received: {"a":1,"b":[true,"x y"]}')

    async def reliable_pings(self):
        """/ws/reliable sends {"type":"ping"} every interval"""
        if self.arguments.ping_within <= 0:
            raise Skip("--ping-within 0")
        async with self.connect("/ws/reliable") as socket:
            for _ in range(2):
                ping = await asyncio.wait_for(socket.recv(), self.arguments.ping_within)
                expect(json.loads(ping), {"type": "ping"})
                await socket.send('{"type":"pong"}')

    async def native_talks(self):
        """/v1/ws welcomes, joins, publishes and acks; a retry is stored once"""
        room = f"{self.room}-native"
        async with await self.native() as ann:
            welcome = json.loads(await self.hear(ann))
            expect(welcome["type"], "welcome")
            assert welcome["heartbeat"]["interval_ms"] > 0, welcome
            await ann.send(json.dumps({"type": "join", "id": 1, "room": room, "presence": "full"}))
            joined = await self.hear_type(ann, "joined")
            expect((joined["id"], joined["room"], joined["messages"]), (1, room, []))
            expect(joined["count"], 1)

            data = '{"n":123456789012345678901234567890}'
            publish = '{"type":"publish","id":%d,"room":"%s","message_id":"m1","data":%s}'
            await ann.send(publish % (2, room, data))
            frames = {}
            while not {"ack", "message"} <= frames.keys():
                text = await self.hear(ann)
                frames[json.loads(text)["type"]] = text
            ack, message = json.loads(frames["ack"]), json.loads(frames["message"])
            expect((ack["id"], ack["offset"]), (2, joined["offset"] + 1))
            expect((message["offset"], message["message_id"]), (ack["offset"], "m1"))
            assert data in frames["message"], "data was not passed on byte for byte"

            await ann.send(publish % (3, room, data))
            again = await self.hear_type(ann, "ack")
            expect((again["offset"], again["duplicate"]), (ack["offset"], True))

            await ann.send('{"type":"nonsense","id":"x"}')
            error = await self.hear_type(ann, "error")
            expect((error["id"], error["code"]), ("x", "unknown_type"))
            await ann.send('{"type":"ping","t":7}')
            expect((await self.hear_type(ann, "pong"))["t"], 7)

    async def native_recovers(self):
        """/v1/ws gives back what was missed, once and in order; else says so"""
        room = f"{self.room}-recovery"
        async with await self.native() as ann:
            async with await self.native() as bob:
                await bob.send(json.dumps({"type": "join", "id": 1, "room": room}))
                joined = await self.hear_type(bob, "joined")
            since = {"epoch": joined["epoch"], "offset": joined["offset"]}
            await ann.send(json.dumps({"type": "join", "id": 1, "room": room}))
            await self.hear_type(ann, "joined")
            for number in range(10):
                await ann.send(json.dumps({"type": "publish", "id": number, "room": room, "data": number}))
                await self.hear_type(ann, "ack")
            async with await self.native() as bob:
                await bob.send(json.dumps({"type": "join", "id": 2, "room": room, "since": since}))
                joined = await self.hear_type(bob, "joined")
                expect(joined["recovered"], True)
                expect([message["data"] for message in joined["messages"]], list(range(10)))
                expect(joined["offset"], since["offset"] + 10)
            async with await self.native() as bob:
                elsewhere = {"epoch": "1", "offset": 3}
                await bob.send(json.dumps({"type": "join", "id": 3, "room": room, "since": elsewhere}))
                joined = await self.hear_type(bob, "joined")
                expect((joined["recovered"], joined["reason"], joined["messages"]), (False, "epoch", []))

    async def dialects_meet(self):
        """a native message reaches a member of /ws/chat/{room}, and the other way round"""
        room = f"{self.room}-both"
        async with await self.native() as ann, self.connect(f"/ws/chat/{room}") as bob:
            await ann.send(json.dumps({"type": "join", "id": 1, "room": room}))
            await self.hear_type(ann, "joined")
            await self.enter(bob, "Bob")
            message = await self.hear_type(ann, "message")
            expect(message["data"], {"text": "Bob is here"})
            await ann.send(json.dumps({"type": "publish", "id": 2, "room": room, "data": {"text": "natively"}}))
            await self.hear_text(bob, "natively")

    async def native_refuses_other_subprotocols(self):
        """/v1/ws answers 400 to who asks only for other subprotocols"""
        await self.refused("/v1/ws", 400, subprotocols=["something.else"])

    async def native(self):
        token = await self.token()
        return self.connect("/v1/ws", subprotocols=["roomcast.v1.json", f"roomcast.token.{token}"])

    async def run(self):
        steps = [
            self.echo_answers_text, self.echo_returns_binary,
            self.chat_reaches_everyone, self.chat_without_a_name, self.chat_keeps_rooms_apart,
            self.chat_says_who_left, self.chat_refuses_what_it_cannot_read,
            self.secure_refuses_before_the_upgrade, self.secure_refuses_an_expired_token,
            self.secure_refuses_a_changed_token, self.secure_greets,
            self.reliable_answers, self.reliable_pings,
            self.native_talks, self.native_recovers, self.dialects_meet,
            self.native_refuses_other_subprotocols,
        ]
        failed = 0
        for step in steps:
            try:
                await step()
                verdict = "PASS"
            except Skip as why:
                verdict = f"SKIP ({why})"
            except (asyncio.TimeoutError, TimeoutError):
                failed += 1
                verdict = "FAIL no answer in time"
            except (AssertionError, KeyError, ValueError, OSError, WebSocketException) as error:
                failed += 1
                verdict = f"FAIL {type(error).__name__}: {error}"
            word, _, rest = verdict.partition(" ")
            print(f"{word}  {step.__doc__}" + (f"\n      {rest}" if rest else ""), flush=True)
        print(f"\n{len(steps)} steps, {failed} failed")
        return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", default="http://127.0.0.1:7666", help="where the server is (%(default)s)")
    parser.add_argument("--secret", help="the server's HS256 secret, to sign tokens here")
    parser.add_argument("--issuer", help="`iss` of the tokens signed here")
    parser.add_argument("--audience", help="`aud` of the tokens signed here")
    parser.add_argument("--token", help="a token that works, instead")
    parser.add_argument("--timeout", type=float, default=5, help="seconds to wait for an answer (%(default)s)")
    parser.add_argument("--ping-within", type=float, default=35,
                        help="seconds to wait for each ping of /ws/reliable, 0 skips (%(default)s)")
    sys.exit(asyncio.run(Walk(parser.parse_args()).run()))


if __name__ == "__main__":
    main()
