import { BaseError, HttpRequestError, TimeoutError } from "viem";
import { AnhError } from "./errors.ts";

/** What went wrong while something outside was asked, for the person who runs the service. */
export interface Trouble {
  readonly message: string;
  readonly code?: unknown;
  /** The endpoint that did not do its part, without credentials. */
  readonly url?: string;
  readonly hint?: string;
}

/** A URL for logs: endpoints carry their keys in the user part, the path or the query. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname === "/" && search === "" ? "" : "/…"}`;
}

/** An error as plain fields. An endpoint that does not answer is named. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof Error)) return { message: String(error) };
  const own = ownErrorOf(error);
  if (own !== undefined && own !== error) return troubleOf(own);
  const failed = error instanceof BaseError ? error.walk(isOfEndpoint) : null;
  if (isOfEndpoint(failed)) {
    const url = shownUrl(failed.url);
    return { message: `${url} ${whatOf(failed)}`, code: "endpoint-unavailable", url };
  }
  const { code, hint } = error as { code?: unknown; hint?: string };
  return {
    message: error instanceof BaseError ? saidBy(error) : error.message,
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The error of ours that a library may have wrapped in one of its own. */
export function ownErrorOf(error: unknown): AnhError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof AnhError) return cause;
  return undefined;
}

/** The first line of viem's own words, and what the endpoint said. */
function saidBy({ shortMessage, details }: BaseError): string {
  const [first = ""] = shortMessage.split("\n");
  return details === "" || details === undefined || first.includes(details) ? first : `${first} (${details})`;
}

const isOfEndpoint = (error: unknown): error is HttpRequestError | TimeoutError =>
  error instanceof HttpRequestError || error instanceof TimeoutError;

function whatOf(error: HttpRequestError | TimeoutError): string {
  if (error instanceof TimeoutError) return "takes too long to answer";
  if (error.status !== undefined) return `answers with status ${error.status}`;
  const { cause } = error;
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (reason as { code?: unknown } | undefined)?.code;
  return `does not answer${typeof code === "string" ? ` (${code})` : ""}`;
}
