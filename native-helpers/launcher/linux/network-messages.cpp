#include "network-messages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace belljar {

std::string_view NetworkMessage::text() const { return std::string_view(name, strnlen(name, sizeof name)); }

void NetworkMessage::set_text(std::string_view value) {
  size_t size = std::min(value.size(), sizeof name - 1);
  memcpy(name, value.data(), size);
  memset(name + size, 0, sizeof name - size);
}

bool send_message(int socket, const NetworkMessage& message, const int* descriptors, size_t count, bool wait) {
  return send_packet(socket, std::string_view(reinterpret_cast<const char*>(&message), sizeof message), descriptors, count, wait);
}

void tell_failure(int socket, const Descriptor& server, const Address& local, int error) {
  NetworkMessage message;
  message.kind = NetworkMessage::Kind::failed;
  message.local = local;
  message.seconds = static_cast<uint32_t>(error);
  int descriptor = server.get();
  send_message(socket, message, &descriptor, 1, true);
}

Received receive_message(int socket, NetworkMessage& message, Descriptor descriptors[2], bool wait) {
  unsigned char bytes[sizeof message];
  size_t size = 0;
  Received received = receive_packet(socket, bytes, sizeof bytes, size, descriptors, 2, wait);
  if (received != Received::packet) return received;
  if (size != sizeof message) return Received::closed;
  // A truth value is 0 or 1: with any other byte in it the language promises nothing any more.
  for (size_t at : {offsetof(NetworkMessage, refused), offsetof(NetworkMessage, flag), offsetof(NetworkMessage, local) + offsetof(Address, v4),
                    offsetof(NetworkMessage, remote) + offsetof(Address, v4)}) {
    if (bytes[at] > 1) return Received::closed;
  }
  static_assert(std::is_trivially_copyable_v<NetworkMessage>);
  memcpy(static_cast<void*>(&message), bytes, sizeof message);
  message.name[sizeof message.name - 1] = '\0';
  return Received::packet;
}

}  // namespace belljar
