/**
 * `belljar://open/<where>`: links that only lead somewhere in the panel. Whoever wrote one can make a person look at a page and
 * nothing more: no action, no answer, no text of theirs is shown.
 */

/** Views that a link may lead to; each stands in the page's address behind the number sign. */
const views = ['servers', 'activity', 'rollout', 'machine', 'welcome'] as const;
const idPattern = /^[a-z0-9][a-z0-9.-]{0,63}$/;

export const linkScheme = 'belljar';

/** The page's address behind the number sign, such as `/servers/cursor.files`; null for every link that is not ours. */
export function routeOfLink(link: string): string | null {
  if (link.length > 200) return null;
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return null;
  }
  if (url.protocol !== `${linkScheme}:` || url.host !== 'open' || url.search !== '' || url.hash !== '') return null;
  if (url.username !== '' || url.password !== '') return null;
  const [, view, id, ...rest] = url.pathname.split('/');
  if (rest.length > 0 || !views.some((known) => known === view)) return null;
  if (id === undefined || id === '') return `/${view ?? ''}`;
  return view === 'servers' && idPattern.test(id) ? `/servers/${id}` : null;
}

/** The link among the arguments a second start came with. */
export function linkOfArguments(args: readonly string[]): string | null {
  return args.find((argument) => argument.startsWith(`${linkScheme}:`)) ?? null;
}
