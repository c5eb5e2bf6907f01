/** The menus of the system, with its own shortcuts. Whatever they hold can be reached in the panel too. */
import type { MenuItemConstructorOptions } from 'electron';

const views = [
  ['Servers', '/servers'],
  ['Activity', '/activity'],
  ['Rollout', '/rollout'],
  ['Machine', '/machine'],
] as const;

export function menuTemplate(
  platform: NodeJS.Platform,
  name: string,
  go: (route: string) => void,
): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin';
  return [
    ...(mac ? [{ label: name, role: 'appMenu' as const }] : []),
    { label: '&File', submenu: [{ role: 'close' }, ...(mac ? [] : [{ role: 'quit' as const }])] },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        ...views.map(([label, route], index) => ({
          label,
          accelerator: `CommandOrControl+${(index + 1).toString()}`,
          click: () => go(route),
        })),
        { type: 'separator' },
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ];
}
