// npx and the npm cache.
//
// npx writes into its cache at every start, also when everything is there: it compacts the index entry of the package, and
// takes a lock beside the installed tree. The user's cache must not be writable for a server, because what lies in it is
// executed by every other `npx` of the user. So each run gets a cache of its own that costs next to nothing: links to the
// installed trees and to the downloaded contents (which stay readable only), and a copy of the one index entry.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

// Makes `folder` (in the run's temporary folder) a cache for `npx <arguments>` over the user's cache at `user_cache`.
// `registry` ends in a slash. Where the user's cache does not hold the package, the new cache stays empty: npx then fetches.
void make_npm_cache(const std::string& folder, const std::string& user_cache, const std::vector<std::string>& arguments,
                    const std::string& registry);

// `name` of a package specifier (`@scope/name@1.2.3` is `@scope/name`); empty for what is no registry name.
std::string package_name(std::string_view specifier);

// `registry=` of the user's npm settings, or npm's own registry; ends in a slash.
std::string npm_registry(const std::string& home);

std::string sha256_hex(std::string_view bytes);

}  // namespace belljar
