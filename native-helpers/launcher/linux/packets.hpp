// Packets with descriptors, over a pair of SOCK_SEQPACKET sockets between processes of one run's launcher.
#pragma once
#include <string>
#include <vector>

#include "descriptor.hpp"

namespace belljar {

constexpr size_t packet_descriptors_max = 3;

bool send_packet(int socket, const std::string& bytes, const int* descriptors, size_t count);

// False when nothing came: the other end is gone, sent what neither side sends, or, without waiting, sent nothing yet (EAGAIN).
bool receive_packet(int socket, std::string& bytes, size_t max, std::vector<Descriptor>& descriptors, bool wait);

}  // namespace belljar
