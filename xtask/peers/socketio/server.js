// Socket.IO on Node, as its documentation of rooms teaches it: `socket.join` and `io.to(room).emit`.
//
// Choices: the WebSocket transport alone (no long polling first); compression is off and TCP_NODELAY
// on, as they are by default; `bufferutil` is installed, as the documentation's page on performance
// advises. `?echo` in the URL makes a connection's messages come back to it alone, so that rooms and
// echo speak one protocol.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer();
const io = new Server(server, { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  const echo = socket.handshake.query.echo !== undefined;

  socket.on('join', (room) => {
    socket.join(room);
    socket.emit('joined', room);
  });

  socket.on('message', (room, data) => {
    if (echo) socket.emit('message', data);
    else io.to(room).emit('message', data);
  });
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
