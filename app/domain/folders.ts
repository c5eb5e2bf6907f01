/** The folders that paths of rules are expanded against. Pure data: the platform finds them, tests make them up. */
export interface Folders {
  home: string;
  /** `$XDG_CONFIG_HOME` and its siblings, always absolute: the value if set, else the default under `home`. */
  xdgConfig: string;
  xdgData: string;
  xdgCache: string;
  xdgState: string;
  /** `$XDG_RUNTIME_DIR`, where it is set. */
  xdgRuntime: string | null;
}

/** Belljar's own folders and the launcher, which no rule may ever open to a server. */
export interface OwnFolders {
  configFolder: string;
  dataFolder: string;
  stateFolder: string;
}
