import { expect, test } from 'vitest';
import { areaDefaults } from '#domain/area-defaults.ts';
import { areaVerdict } from '#domain/pattern.ts';
import { clients } from './catalogue/clients.ts';
