import { expect, test } from 'vitest';
import { certificateRules } from './certificates.ts';
import { secretPlaces } from './secret-places.ts';
import { foldersOf } from './testing/policies.ts';

const folders = foldersOf('/home/anna', null);
const places = secretPlaces(folders, { configFolder: '/c', dataFolder: '/d', stateFolder: '/s' });
const read = (environment: Record<string, string>, env: Record<string, string> = {}): string[] =>
  certificateRules({ env, environment, folders }, places).map((rule) => rule.id);

test('what the environment names is readable, and an own variable of the entry counts before it', () => {
  expect(read({ NODE_EXTRA_CA_CERTS: '/opt/corp/ca.pem', AWS_CA_BUNDLE: '/opt/corp/../aws.pem' })).toEqual([
    'read:/opt/corp/ca.pem',
    'read:/opt/aws.pem',
  ]);
  expect(read({ SSL_CERT_DIR: '/a/certs:/b/certs' })).toEqual(['read:/a/certs', 'read:/b/certs']);
  expect(read({ CURL_CA_BUNDLE: '/a.pem' }, { CURL_CA_BUNDLE: '/b.pem' })).toEqual(['read:/b.pem']);
});

test.each([
  '',
  'relative.pem',
  '/',
  '/home/anna',
  '/home',
  '/home/anna/.ssh/id_ed25519',
  '/home/anna/.aws',
  '/proc/1/environ',
])('%j opens nothing', (value) => {
  expect(read({ SSL_CERT_FILE: value })).toEqual([]);
});

test('no other variable counts', () => {
  expect(read({ LD_PRELOAD: '/x.so', SSH_AUTH_SOCK: '/run/agent', MY_CA_BUNDLE: '/x.pem' })).toEqual([]);
});
