/**
 * The environment that tests run in: a home folder that is thrown away, so that a test that forgets to make its own
 * cannot touch the real one, and none of the variables that would lead back to it. What is needed to reach package
 * registries from here (proxy, certificates, npm's settings, caches) is handed on by name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { root } from './paths.mjs';

const networkNames =
  /^(https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|curl_ca_bundle|requests_ca_bundle|pip_.*|uv_(index.*|default_index|native_tls|find_links|offline))$/i;

const homeNames = /^(XDG_.*|BELLJAR_.*|CLAUDE_CONFIG_DIR|DBUS_SESSION_BUS_ADDRESS|SSH_AUTH_SOCK)$/;

/** How much is tried, as docs/testing.md says of each: the only variables of ours that tests are given from outside. */
const settingNames = ['BELLJAR_TEST_LONG', 'BELLJAR_TEST_PICTURES', 'BELLJAR_DOCUMENTS', 'BELLJAR_FAULTS'];

export function testSettings() {
  return Object.fromEntries(
    settingNames.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  );
}

/** Proxy and certificates of this environment. */
export function networkVariables() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => networkNames.test(name)));
}

/** npm reads settings from the home folder; these are handed on as variables. */
export function npmVariables() {
  const settings = {};
  for (const key of ['registry', 'cafile', 'proxy', 'https-proxy']) {
    const found = spawnSync('npm', ['config', 'get', key], { encoding: 'utf8', cwd: root });
    const value = found.stdout?.trim();
    if (found.status === 0 && value && value !== 'null' && value !== 'undefined') {
      settings[`npm_config_${key.replaceAll('-', '_')}`] = value;
    }
  }
  return settings;
}

/** Caches hold packages and nothing of the user's: tests may share them with the real home of this user. */
function cacheVariables() {
  const home = userInfo().homedir;
  const caches = {
    npm_config_cache: join(home, '.npm'),
    UV_CACHE_DIR: join(home, '.cache/uv'),
    PIP_CACHE_DIR: join(home, '.cache/pip'),
    PLAYWRIGHT_BROWSERS_PATH: join(home, '.cache/ms-playwright'),
  };
  return Object.fromEntries(
    Object.entries(caches)
      .map(([name, folder]) => [name, process.env[name] ?? folder])
      .filter(([, folder]) => existsSync(folder)),
  );
}

/** This process's environment with `home` in place of the real one. */
export function testEnvironment(home) {
  const kept = Object.entries(process.env).filter(([name]) => !homeNames.test(name));
  mkdirSync(home, { recursive: true, mode: 0o700 });
  return { ...Object.fromEntries(kept), ...testSettings(), ...cacheVariables(), ...npmVariables(), HOME: home };
}
