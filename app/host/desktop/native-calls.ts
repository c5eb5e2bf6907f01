/** What only the desktop program can do, asked for by the page as any other method, and called as any other. */
import type { Api, DesktopMethod } from '#contract/methods.ts';
import { desktopMethods } from '#contract/methods.ts';
import { dispatch } from '../dispatch.ts';
import { errorResponse, jsonResponse, parseBody } from '../handler.ts';

export type DesktopCalls = Pick<Api, DesktopMethod>;

/** Answers null for every path that is the host's. */
export function createNative(calls: DesktopCalls): (path: string, body: Buffer) => Promise<Response | null> {
  return async (path, body) => {
    const name = desktopMethods.find((method) => path === `/rpc/${method}`);
    if (name === undefined) return null;
    try {
      return jsonResponse(await dispatch(calls, name, parseBody(body)));
    } catch (error) {
      return errorResponse(error);
    }
  };
}
