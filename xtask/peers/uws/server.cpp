// uWebSockets in C++, as its own examples/BroadcastingEchoServer.cpp and UpgradeSync.cpp teach it:
// a topic for each room, published to through the app so that the sender gets it too.
//
// Choices: no TLS and no compression; the example's 16 MiB for a message (16 KiB is the default) and
// for backpressure (64 KiB is the default: what goes beyond it is dropped for that member in
// silence). TCP_NODELAY is always set by uSockets, whose own epoll loop it is.
#include "App.h"

#include <cstdlib>
#include <iostream>

struct Member {
    std::string room;
};

int main() {
    const char *wanted = std::getenv("PORT");
    int port = wanted ? std::atoi(wanted) : 0;
    uWS::App app;

    app.ws<Member>("/room/:name", {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 16 * 1024 * 1024,
        .maxBackpressure = 16 * 1024 * 1024,
        .upgrade = [](auto *res, auto *req, auto *context) {
            res->template upgrade<Member>({ .room = std::string(req->getParameter(0)) },
                req->getHeader("sec-websocket-key"), req->getHeader("sec-websocket-protocol"),
                req->getHeader("sec-websocket-extensions"), context);
        },
        .open = [](auto *ws) { ws->subscribe(ws->getUserData()->room); },
        .message = [&app](auto *ws, std::string_view message, uWS::OpCode opCode) {
            app.publish(ws->getUserData()->room, message, opCode);
        },
    });

    app.ws<Member>("/echo", {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 16 * 1024 * 1024,
        .maxBackpressure = 16 * 1024 * 1024,
        .message = [](auto *ws, std::string_view message, uWS::OpCode opCode) {
            ws->send(message, opCode);
        },
    });

    app.listen("127.0.0.1", port, [](us_listen_socket_t *socket) {
        if (!socket) {
            std::cerr << "cannot listen: set PORT to a free port, or to 0" << std::endl;
            std::exit(1);
        }
        std::cout << "listening on 127.0.0.1:" << us_socket_local_port(0, (us_socket_t *) socket)
                  << std::endl;
    });
    app.run();
}
