/** Every client that Belljar knows, most common first: of a file that several read, the first is named as its client. */
import type { Clients, Places } from '#engine/ports.ts';
import type { Client } from './client.ts';
import { amazonQ, kiro } from './catalogue/amazon.ts';
import { claudeCode } from './catalogue/claude-code.ts';
import { claudeDesktop } from './catalogue/claude-desktop.ts';
import { cline, kiloCode, rooCode } from './catalogue/cline.ts';
import { codex } from './catalogue/codex.ts';
import { continueDev } from './catalogue/continue.ts';
import { copilotCli, copilotPlugins } from './catalogue/copilot.ts';
import { cursor } from './catalogue/cursor.ts';
import { devin } from './catalogue/devin.ts';
import { antigravity, geminiCli } from './catalogue/google.ts';
import { goose } from './catalogue/goose.ts';
import { air, jetbrainsAi, junie } from './catalogue/jetbrains.ts';
import { opencode } from './catalogue/opencode.ts';
import { lmStudio, others } from './catalogue/others.ts';
import { unseen } from './catalogue/unseen.ts';
import { visualStudio } from './catalogue/visual-studio.ts';
import { vscode } from './catalogue/vscode.ts';
import { zed } from './catalogue/zed.ts';
import { createClients } from './locate.ts';

export const catalogue: readonly Client[] = [
  claudeDesktop,
  claudeCode,
  vscode,
  cursor,
  codex,
  devin,
  copilotCli,
  ...copilotPlugins,
  geminiCli,
  antigravity,
  jetbrainsAi,
  junie,
  air,
  cline,
  rooCode,
  kiloCode,
  zed,
  opencode,
  lmStudio,
  goose,
  kiro,
  amazonQ,
  visualStudio,
  continueDev,
  ...others,
];

export function findClients(places: Places): Clients {
  return createClients(places, catalogue, unseen);
}
