// npx and uvx start programs out of a cache, and write into it at every start, also when everything is there: npx compacts
// the index entry of the package and takes a lock beside the installed tree, uv takes locks and makes temporary files. The
// user's cache must not be writable for a server, because what lies in it is executed by every other npx and uvx of the
// user. So each run gets a cache of its own that costs next to nothing: folders of links to what is there, which stays
// readable only, and room for what is new, which ends with the run.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace belljar {

// Makes `folder` (in the run's temporary folder) a cache for `npx <arguments>` over the user's cache at `user_cache`.
// `registry` ends in a slash, or is empty: then the installed tree's own lock file tells. Where the user's cache does not hold the package, the new cache stays empty: npx then fetches.
void make_npm_cache(const std::string& folder, const std::string& user_cache, const std::vector<std::string>& arguments,
                    const std::string& registry);

// The same for uvx: `folder`/cache over `user_cache`, `folder`/tools over `user_tools`.
void make_uv_cache(const std::string& folder, const std::string& user_cache, const std::string& user_tools);

// `name` of a package specifier (`@scope/name@1.2.3` is `@scope/name`); empty for what is no registry name.
std::string package_name(std::string_view specifier);

// Where the package of that name was fetched from, by a package-lock.json; ends in a slash. Empty when it does not say.
std::string registry_of(std::string_view lock_file, const std::string& name);

// `registry=` of the user's npm settings, with a slash at its end; empty when there is none.
std::string npm_registry(const std::string& home);

}  // namespace belljar
