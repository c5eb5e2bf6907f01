/**
 * Decoys: texts of the form of each service's tokens, made up, that open nothing. Put together from parts, so that no tool
 * that looks for keys in repositories takes them for real ones.
 */
import type { SecretFormat } from './secret.ts';

const letters = 'q7ZtB4xK9mVw2RsY8dHn5LcJ3gPf6TaE1uQb0XyW';
const hex = '9f86d081884c7d659a2feaa0c55ad0159f86d081';
const part = (length: number): string => letters.repeat(4).slice(0, length);
const hexadecimal = (length: number): string => hex.repeat(3).slice(0, length);
const join = (...parts: string[]): string => parts.join('');

export const decoys: Readonly<Record<SecretFormat, readonly string[]>> = {
  github: [join('gh', 'p_', part(36)), join('gh', 's_', part(36)), join('github', '_pat_', part(22), '_', part(59))],
  gitlab: [join('gl', 'pat-', part(20)), join('gl', 'dt-', part(20))],
  slack: [
    join('xo', 'xb-123456789012-1234567890123-', part(24)),
    join('xa', 'pp-1-A01-', part(24)),
    join('https://hooks.slack', '.com/services/T0', 'AAAA1/B0BBBB2/', part(24)),
  ],
  discord: [join('M', part(23), '.', part(6), '.', part(30))],
  telegram: [join('123456789', ':', part(35))],
  aws: [join('AK', 'IA', 'Q7ZT4XK9MVW2RSY8'), join('AS', 'IA', 'Q7ZT4XK9MVW2RSY8')],
  google: [join('AI', 'za', part(35)), join('ya29', '.', part(60)), join('GOC', 'SPX-', part(28))],
  anthropic: [join('sk', '-ant-api03-', part(80))],
  openai: [join('sk', '-proj-', part(48)), join('sk', '-', part(48))],
  groq: [join('gs', 'k_', part(40))],
  perplexity: [join('pp', 'lx-', part(40))],
  tavily: [join('tv', 'ly-dev-', part(32))],
  replicate: [join('r', '8_', part(37))],
  huggingface: [join('h', 'f_', part(34))],
  context7: [join('ctx', '7sk-', '3f0c9a52-7b1e-4d8a-9c55-0a1b2c3d4e5f')],
  stripe: [join('sk', '_live_', part(24)), join('rk', '_test_', part(24)), join('wh', 'sec_', part(32))],
  shopify: [join('shp', 'at_', hexadecimal(32))],
  sendgrid: [join('S', 'G.', part(22), '.', part(40))],
  mailgun: [join('ke', 'y-', hexadecimal(32))],
  twilio: [join('S', 'K', hexadecimal(32))],
  npm: [join('np', 'm_', part(36))],
  pypi: [join('py', 'pi-AgEIcHlwaS5vcmcC', part(40))],
  notion: [join('nt', 'n_', part(40)), join('sec', 'ret_', part(40))],
  linear: [join('lin', '_api_', part(40))],
  figma: [join('fi', 'gd_', part(40))],
  atlassian: [join('AT', 'ATT3xFfGF0', part(40))],
  airtable: [join('pa', 't', part(14), '.', hexadecimal(64))],
  supabase: [join('sb', 'p_', hexadecimal(40)), join('sb_', 'secret_', part(30))],
  digitalocean: [join('do', 'p_v1_', hexadecimal(64))],
  databricks: [join('da', 'pi', hexadecimal(32))],
  netlify: [join('nf', 'p_', part(36))],
  terraform: [join(part(14), '.atlas', 'v1.', part(60))],
  vault: [join('hv', 's.', part(90))],
  doppler: [join('dp', '.pt.', part(40))],
  'web-token': [join('ey', 'JhbGciOiJIUzI1NiJ9.', 'ey', 'JzdWIiOiIxMjM0NTY3ODkwIn0.', part(43))],
  'private-key': [
    join('-----BEGIN ', 'PRIVATE KEY-----\n', part(64), '\n', part(40), '\n-----END ', 'PRIVATE KEY-----\n'),
    join('-----BEGIN ', 'OPENSSH PRIVATE KEY-----\n', part(64), '\n-----END ', 'OPENSSH PRIVATE KEY-----'),
  ],
};
