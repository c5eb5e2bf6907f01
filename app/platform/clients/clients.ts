/** Every client that Belljar knows, most common first. */
import type { ClientAdapter } from '#engine/ports.ts';
import { claudeCode } from './claude-code.ts';
import { claudeDesktop } from './claude-desktop.ts';
import { cursor } from './cursor.ts';

export const clients: readonly ClientAdapter[] = [claudeDesktop, claudeCode, cursor];
