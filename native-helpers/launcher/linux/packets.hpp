// Packets with descriptors, over a pair of SOCK_SEQPACKET sockets between processes of one run's launcher.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "descriptor.hpp"

namespace belljar {

constexpr size_t packet_descriptors_max = 3;

// False when it could not be sent whole; without waiting, EAGAIN in errno says that the other side is behind.
bool send_packet(int socket, std::string_view bytes, const int* descriptors, size_t count, bool wait = true);

// `nothing`: without waiting, the other side sent nothing yet. `closed`: it is gone, or sent what neither side sends (more bytes
// than `max`, more descriptors than `room`); who does has been taken over.
enum class Received { packet, nothing, closed };
Received receive_packet(int socket, void* bytes, size_t max, size_t& size, Descriptor* descriptors, size_t room, bool wait);

// The same for packets of any length, with all their descriptors.
Received receive_packet(int socket, std::string& bytes, size_t max, std::vector<Descriptor>& descriptors, bool wait);

}  // namespace belljar
