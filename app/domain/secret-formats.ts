/**
 * What tokens and keys of well-known services look like. A closed table: each pattern begins with letters that its service
 * gives to nothing else, so a match is a secret wherever it stands. Sources are the services' own descriptions of their
 * tokens. Patterns have one way to match and bounded beginnings, so that hostile text costs no more than its length.
 */
import { secretFormats, type SecretFormat } from '#contract/secret.ts';

export const formatPatterns: Readonly<Record<SecretFormat, RegExp>> = {
  github: /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})/,
  gitlab: /\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_-]{16,}/,
  slack: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}|\bhooks\.slack\.com\/services\/[A-Za-z0-9/]{20,}/,
  discord:
    /\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}|\bdiscord(?:app)?\.com\/api\/webhooks\/[A-Za-z0-9/_-]{20,}/,
  telegram: /\b\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/,
  aws: /\b(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/,
  google: /\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}/,
  anthropic: /\bsk-ant-[A-Za-z0-9_-]{16,}/,
  // Also of the many services that took the form over (OpenRouter, DeepSeek, Langfuse …).
  openai: /\bsk-(?!ant-)[A-Za-z0-9_-]{20,}/,
  groq: /\bgsk_[A-Za-z0-9]{20,}/,
  perplexity: /\bpplx-[A-Za-z0-9]{20,}/,
  tavily: /\btvly-[A-Za-z0-9_-]{16,}/,
  replicate: /\br8_[A-Za-z0-9]{20,}/,
  huggingface: /\bhf_[A-Za-z0-9]{16,}/,
  context7: /\bctx7sk-[A-Za-z0-9-]{16,}/,
  stripe: /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{12,}|\bwhsec_[A-Za-z0-9+/]{16,}/,
  shopify: /\bshp(?:at|ss|ca|pa)_[A-Fa-f0-9]{16,}/,
  sendgrid: /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/,
  mailgun: /\bkey-[0-9a-f]{32}(?![0-9a-z])/,
  twilio: /\bSK[0-9a-f]{32}(?![0-9a-z])/,
  npm: /\bnpm_[A-Za-z0-9]{20,}/,
  pypi: /\bpypi-[A-Za-z0-9_-]{20,}/,
  notion: /\b(?:ntn|secret)_[A-Za-z0-9]{20,}/,
  linear: /\blin_(?:api|oauth)_[A-Za-z0-9]{16,}/,
  figma: /\bfig[du]_[A-Za-z0-9_-]{16,}/,
  atlassian: /\bAT(?:ATT|CTT)[A-Za-z0-9_=-]{20,}/,
  airtable: /\bpat[A-Za-z0-9]{14}\.[0-9a-f]{32,}/,
  supabase: /\bsbp_[A-Za-z0-9]{16,}|\bsb_secret_[A-Za-z0-9_-]{16,}/,
  digitalocean: /\bdo[opr]_v1_[0-9a-f]{16,}/,
  databricks: /\bdapi[0-9a-f]{32}(?![0-9a-z])/,
  netlify: /\bnfp_[A-Za-z0-9]{20,}/,
  terraform: /\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}/,
  vault: /\bhv[sbr]\.[A-Za-z0-9_-]{20,}/,
  doppler: /\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{20,}/,
  // Not from inside of such a run: each run is gone through once.
  'web-token': /(?<![A-Za-z0-9_-])ey[JK][A-Za-z0-9_-]{8,}\.ey[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/,
  'private-key': /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY-----/,
};

/** Longer text is not gone through to its end; a key in it is found by how it begins. */
const searchedMax = 8192;

/** The format of a text that holds one. Every real token has digits; a word that begins like one has none. */
export function formatOf(text: string): SecretFormat | null {
  const searched = text.slice(0, searchedMax);
  // Nearly all values of an entry are words and paths, and done with here.
  if (searched.length < 14 || !(/\d/.test(searched) || searched.includes('PRIVATE KEY'))) return null;
  return (
    secretFormats.find((format) => {
      const match = formatPatterns[format].exec(searched)?.[0];
      return match !== undefined && (format === 'private-key' || /\d/.test(match));
    }) ?? null
  );
}
