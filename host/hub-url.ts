/** Where a hub is reached: https, or http on this machine. Tokens and links do not cross a network in clear. */

import { MoimError } from '#protocol/errors.ts';
import type { Environment } from './config.ts';

/**
 * The hub's URL without a trailing slash. Throws MoimError `bad-input` (not a URL) or `insecure-url` (http to another machine, unless
 * MOIM_ALLOW_HTTP is `true`: a test network, or a link that is encrypted below).
 */
export function hubUrl(text: string, env: Environment): string {
  if (!URL.canParse(text)) throw new MoimError('bad-input', '--hub is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new MoimError('bad-input', '--hub takes an https URL');
  const here = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !here && env.MOIM_ALLOW_HTTP !== 'true')
    throw new MoimError('insecure-url');
  return text.replace(/\/+$/, '');
}
