// Where the pinned Node 24 lies after `npm ci`; on a platform without a pinned build, the Node that runs this, if it is new enough.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The environment with Node's compile cache in `.cache`, unless one is set: a command starts a third sooner. */
export function cachedEnvironment(root) {
  return { NODE_COMPILE_CACHE: join(root, '.cache', 'compile'), ...process.env };
}

/**
 * Takes the project's root folder; gives the path of the Node that runs the project's TypeScript.
 * Throws where neither the pinned build nor Node >= 24 is there.
 */
export function pinnedNode(root) {
  const suffix = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', suffix);
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  throw new Error(
    `no pinned Node for ${process.platform}-${process.arch}: install Node 24 and run again, or run npm ci where optional packages are allowed`,
  );
}
