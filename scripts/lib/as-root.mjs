/**
 * Which files of e2e/ are run as root too, when `npm test` is started by root; all of them are run as an ordinary user.
 *
 * The rule: a file is listed when what it tests may come out otherwise for root, because the system decides there by who one
 * is (owners, rights, other processes, namespaces, control groups, audit records, packages) or because the product does
 * (rights that it gives up, checks of owners). A few whole walks stand beside them, so that root is not left with parts alone.
 * A file in which the user is asked for (`getuid`) must be listed, which as-root.test.mjs sees to.
 */
export const asRoot = {
  'confinement/areas-kernel.test.ts': 'mounts are made without a user namespace',
  'confinement/areas-live.test.ts': 'plans that belong to somebody else, which only root can make',
  'confinement/attributes.test.ts': 'root may change mode, owner and times of every file, if nothing else holds it',
  'confinement/files.test.ts': 'no file is closed to root by its mode, so the walls hold alone',
  'confinement/launcher.test.ts': 'the launcher as a client of root meets it',
  'confinement/leaks.test.ts': 'set-user-id programs of root, which only root can make',
  'confinement/named-sockets.test.ts': 'no socket is closed to root by its mode',
  'confinement/nested-sandbox.test.ts': 'root has no second level of namespaces inside',
  'confinement/plans.test.ts': 'plans and folders that belong to somebody else, which only root can make',
  'confinement/processes.test.ts': 'root may trace, signal and read every process',
  'confinement/records.test.ts': 'audit is switched on by root, who also gives a program its right',
  'confinement/resources.test.ts': 'control groups, which only root can make; root is held to no count of processes',
  'confinement/secrets.test.ts': 'files of secrets that belong to somebody else, which only root can make',
  'confinement/shared-memory.test.ts': 'no shared memory is closed to root by its mode',
  'confinement/sight.test.ts': 'programs that run as their owner',
  'confinement/socket-families.test.ts': 'families that the kernel keeps for root',
  'confinement/system-calls.test.ts': 'calls that the kernel keeps for root',
  'confinement/takeover.test.ts': 'what each process of the launcher may do as root, rights given up',
  'packaging/packages.test.ts':
    'a package is installed by root; packages are made from the checkout, and the user has a copy',
  'real-servers/browsers.test.ts': 'Chromium refuses its own sandbox to root',
  'real-servers/second-witness.test.ts': 'audit records are for root; a whole walk with each real server',

  'cli/areas.test.ts': 'a whole walk: a server is contained, refused, granted and denied while it runs',
  'launched/demo.test.ts': 'a whole walk: what people see first',
  'network/programs.test.ts': 'a whole walk: real programs and the small internet, which needs no user namespace here',
};

export const asRootFiles = Object.keys(asRoot).map((name) => `e2e/${name}`);
