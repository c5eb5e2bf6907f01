import { describe, expect, test } from 'vitest';
import { knownTargets, socketOfKnown, socketSentences } from '#contract/sentences.ts';
import { socketNames } from '#contract/words.ts';
import { deniesSocket, namedSocketAt, socketParts } from './named-sockets.ts';
import { formatPlan } from './plan-text.ts';
import { plainPlan } from './testing/plain-plan.ts';
import { folders } from './testing/policies.ts';

const plan = plainPlan({ server: 'a.b', network: 'none', home: '/home/anna' });

describe('sockets that are known by what they are', () => {
  test.each(socketNames)('%s: has words, places a plan can hold, and is recognised where it lies', (name) => {
    const { places, variables, reads } = socketParts(name, folders);
    expect(socketSentences[name].risk).not.toBe('');
    expect(Object.values(socketOfKnown)).toContain(name);
    const known = Object.keys(socketOfKnown).filter((key) => socketOfKnown[key] === name);
    expect(known.some((key) => key in knownTargets)).toBe(true);
    expect(places.length).toBeGreaterThan(0);
    const text = formatPlan({ ...plan, socket: [places], read: reads, env: variables });
    expect(text).toContain(`\nsocket ${places.join(' ')}\n`);
    // What the launcher finds there is called by the same name in events.
    for (const place of places) {
      const at = place.startsWith('xdg-runtime:') ? `/run/user/1000/${place.slice('xdg-runtime:'.length)}` : place;
      if (at.startsWith('/')) expect(namedSocketAt(at), at).toBe(name);
    }
  });

  test('variables reach a server only with the socket that needs them', () => {
    expect(socketParts('ssh-agent', folders).variables).toEqual(['SSH_AUTH_SOCK']);
    expect(socketParts('/run/my.sock', folders)).toEqual({ places: ['/run/my.sock'], variables: [], reads: [] });
  });

  test('a denied place takes the name away that stands for it', () => {
    expect(deniesSocket('/var/run/docker.sock', 'docker', folders)).toBe(true);
    expect(deniesSocket('/run', 'docker', folders)).toBe(true);
    expect(deniesSocket('/run/user/1000', 'session-bus', folders)).toBe(true);
    expect(deniesSocket('/run/user/1000/bus', 'session-bus', folders)).toBe(true);
    expect(deniesSocket('/run/user/1000/bus', 'docker', folders)).toBe(false);
    expect(deniesSocket('/home/anna/work', 'ssh-agent', folders)).toBe(false);
  });
});
