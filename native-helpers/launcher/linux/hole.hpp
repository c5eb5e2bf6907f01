// How a connection of the server comes to the network process without a door that others could knock at.
//
// The hole is a listening socket on loopback whose queue is full and never emptied, so nobody can connect to it: the kernel
// drops the packets of whoever tries (tcp_conn_request). The supervisor connects the server's socket to it and tells the network process the socket's own address. When
// the far side is there, the network process connects from the hole's address to that one, and the two meet (a simultaneous
// open, RFC 9293 3.5). Until then the server sees a connection being made, exactly as long as the real one is.
#pragma once
#include "../core/address.hpp"
#include "descriptor.hpp"

namespace belljar {

struct Holes {
  Descriptor v4;
  Descriptor v6;  // absent where this machine has no IPv6
  Descriptor v4_filler;  // what its queue is full of
  Descriptor v6_filler;
  Address v4_address;
  Address v6_address;
  Descriptor nobody;  // bound and never listening: a place that refuses
  Address nobody_address;
};

bool open_holes(Holes& holes);

// The hole that a socket of this family and for this destination falls into; port 0 when there is none.
const Address& hole_for(const Holes& holes, int family, const Address& destination);

// Begins to connect from the hole to the server's socket, which must still be on its way from `local`: a server can let go of
// a connection at any time, and then whoever opens a service at its port would be met instead. Non-blocking.
Descriptor connect_back(const Holes& holes, const Descriptor& server, const Address& local);

// Once connected: is the other end the server's socket itself? Before this is known no byte may pass.
bool has_met(const Descriptor& server, int back);

// Ends a connection of the server's that is being made: as broken where that is the error, else as refused, which no other
// error can be told as, and on which programs go on to the next address. There are two steps to it, and who looks at the
// socket between them sees "broken": the supervisor makes them, and lets nobody look meanwhile.
void end_connecting(const Holes& holes, const Descriptor& socket, int error);

}  // namespace belljar
