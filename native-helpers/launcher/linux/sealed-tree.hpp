// A sealed tree is a folder whose content must be what it was when it was sealed: the program that is started in place of
// what a package runner would fetch. Every file, folder and link in it is named in one listing, with what changes when its
// content does: kind, mode, size, time of the last write, time of the last change, and where a link leads. No call sets the time of the last change; whoever could
// set the clock for it (root) is trusted. Contents are not read here: thousands of files would cost each start more than
// the server itself. Whoever seals reads them, and whoever doubts (docs/plan-format.md).
#pragma once
#include <cstddef>
#include <string>

namespace belljar {

constexpr size_t sealed_tree_entries_max = 200'000;
constexpr int sealed_tree_depth_max = 64;

// Hex SHA-256 of the folder's listing, or empty and a reason in `error`. app/platform/pins/tree-listing.ts is its twin.
std::string tree_digest(const std::string& folder, std::string& error);

}  // namespace belljar
