/**
 * Compares two JSON answers and names the differences as readable paths. The order of keys does not matter, that of
 * arrays does; tools are matched by name first, so that one more tool is one difference and not fifty. Hostile input:
 * depth, number and length are bounded.
 */
export interface Answers {
  initialize: unknown;
  tools: unknown[] | null;
}

const depthMax = 64;
const shownMax = 80;

export function compareAnswers(bare: Answers, contained: Answers, max: number): string[] {
  const differences: string[] = [];
  const add = (line: string): boolean => {
    if (differences.length < max) {
      differences.push(line);
    }
    return differences.length < max;
  };
  compareValues('initialize', bare.initialize, contained.initialize, add, 0);
  compareTools(bare.tools, contained.tools, add);
  return differences;
}

type Add = (line: string) => boolean;

function compareTools(bare: unknown[] | null, contained: unknown[] | null, add: Add): void {
  const before = byName(bare);
  const after = byName(contained);
  if (before === null || after === null) {
    compareValues('tools', bare, contained, add, 0);
    return;
  }
  for (const [name, tool] of before) {
    if (!after.has(name)) {
      add(`tools.${name}: missing when contained`);
    } else if (!compareValues(`tools.${name}`, tool, after.get(name), add, 0)) {
      return;
    }
  }
  for (const name of after.keys()) {
    if (!before.has(name)) {
      add(`tools.${name}: only when contained`);
    }
  }
  const common = [...before.keys()].filter((name) => after.has(name));
  const order = [...after.keys()].filter((name) => before.has(name));
  if (common.some((name, index) => order[index] !== name)) {
    add('tools: in another order');
  }
}

/** Null where names are missing or stand twice, so that they cannot serve to match. */
function byName(tools: unknown[] | null): Map<string, unknown> | null {
  if (tools === null) {
    return null;
  }
  const named = new Map<string, unknown>();
  for (const tool of tools) {
    const name = isRecord(tool) ? tool['name'] : undefined;
    if (typeof name !== 'string' || named.has(name)) {
      return null;
    }
    named.set(name, tool);
  }
  return named;
}

/** False once there is no room for more differences. */
function compareValues(path: string, bare: unknown, contained: unknown, add: Add, depth: number): boolean {
  if (depth > depthMax) {
    return add(`${path}: nested too deeply to compare`);
  }
  if (Array.isArray(bare) && Array.isArray(contained)) {
    if (bare.length !== contained.length) {
      return add(`${path}: ${bare.length} items bare, ${contained.length} contained`);
    }
    return bare.every((item, index) => compareValues(`${path}[${index}]`, item, contained[index], add, depth + 1));
  }
  if (isRecord(bare) && isRecord(contained)) {
    const keys = new Set([...Object.keys(bare), ...Object.keys(contained)]);
    for (const key of keys) {
      const inner = `${path}.${key}`;
      let room: boolean;
      if (!Object.hasOwn(contained, key)) {
        room = add(`${inner}: missing when contained`);
      } else if (!Object.hasOwn(bare, key)) {
        room = add(`${inner}: only when contained`);
      } else {
        room = compareValues(inner, bare[key], contained[key], add, depth + 1);
      }
      if (!room) {
        return false;
      }
    }
    return true;
  }
  return Object.is(bare, contained) || add(`${path}: ${shown(bare)} bare, ${shown(contained)} contained`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) {
    return `a list of ${value.length}`;
  }
  if (isRecord(value)) {
    return 'an object';
  }
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}
