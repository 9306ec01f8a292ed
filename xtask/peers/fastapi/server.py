"""FastAPI on uvicorn, as the documentation of FastAPI teaches it under "Handling disconnections and
multiple clients": its ConnectionManager, with rooms.

Choices: uvicorn[standard], so uvloop, httptools and `websockets`; compression and the access log are
off; asyncio sets TCP_NODELAY by itself.
"""

import os
import socket
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


class ConnectionManager:
    def __init__(self):
        self.rooms: dict[str, list[WebSocket]] = defaultdict(list)

    async def connect(self, room: str, websocket: WebSocket):
        await websocket.accept()
        self.rooms[room].append(websocket)

    def disconnect(self, room: str, websocket: WebSocket):
        self.rooms[room].remove(websocket)
        if not self.rooms[room]:
            del self.rooms[room]

    async def broadcast(self, room: str, message: str):
        for connection in self.rooms[room]:
            await connection.send_text(message)


manager = ConnectionManager()


@app.websocket("/room/{name}")
async def room(websocket: WebSocket, name: str):
    await manager.connect(name, websocket)
    try:
        while True:
            await manager.broadcast(name, await websocket.receive_text())
    except WebSocketDisconnect:
        manager.disconnect(name, websocket)


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))), backlog=2048)
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        app, loop="uvloop", log_level="warning", access_log=False, ws_per_message_deflate=False
    )
    uvicorn.Server(config).run(sockets=[listener])
