// uWebSockets.js, as its own examples PubSub.js and Upgrade.js teach it: a topic for each room,
// published to through the app so that the sender gets it too.
//
// Choices: no TLS and no compression; 16 MiB for a message (16 KiB is the default) and for
// backpressure (64 KiB is the default: what goes beyond it is dropped for that member in silence).
// The package is a copy of the release 20.6.0 on the npm registry, where the library is not under its
// own name; it has builds for Node up to 17, so Node 16 comes from there too. (A copy of 20.57.0
// there needs a newer glibc than Debian 12 has.)
const { App, us_socket_local_port } = require('@based/uws');

const options = {
  compression: 0,
  maxPayloadLength: 16 * 1024 * 1024,
  maxBackpressure: 16 * 1024 * 1024,
};

const app = App()
  .ws('/room/:name', {
    ...options,
    upgrade: (res, req, context) => {
      res.upgrade(
        { room: req.getParameter(0) },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open: (ws) => {
      ws.subscribe(ws.room);
    },
    message: (ws, message, isBinary) => {
      app.publish(ws.room, message, isBinary);
    },
  })
  .ws('/echo', {
    ...options,
    message: (ws, message, isBinary) => {
      ws.send(message, isBinary);
    },
  })
  .listen('127.0.0.1', Number(process.env.PORT ?? 0), (socket) => {
    if (!socket) throw new Error('cannot listen: set PORT to a free port, or to 0');
    console.log(`listening on 127.0.0.1:${us_socket_local_port(socket)}`);
  });
