/** The one version of everything in this package, taken from package.json. */
import description from '../../package.json' with { type: 'json' };

export const version: string = description.version;
