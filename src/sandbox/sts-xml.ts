/** A tree of element names; an absent value leaves its element out. */
export interface XmlTree {
  readonly [element: string]: string | number | XmlTree | undefined;
}

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** The answer of an STS operation, as the query protocol wraps it. */
export function renderResult(operation: string, result: XmlTree, requestId: string): string {
  const content = { [`${operation}Result`]: result, ResponseMetadata: { RequestId: requestId } };
  return `<${operation}Response xmlns="${namespace}">${render(content)}</${operation}Response>\n`;
}

export function renderError(error: { code: string; message: string }, status: number, requestId: string): string {
  const type = status < 500 ? 'Sender' : 'Receiver';
  const content = { Error: { Type: type, Code: error.code, Message: error.message }, RequestId: requestId };
  return `<ErrorResponse xmlns="${namespace}">${render(content)}</ErrorResponse>\n`;
}

function render(tree: XmlTree): string {
  return Object.entries(tree)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${typeof value === 'object' ? render(value) : escape(String(value))}</${name}>`)
    .join('');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
