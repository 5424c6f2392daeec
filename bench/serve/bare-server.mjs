/**
 * The least that a node:http server can do to give the same answers to the same requests: a path, the header that it
 * asks for, and what was answered there. It comes as `{ [path]: { header: [name, value], headers, body } }`.
 */
import { createServer } from 'node:http';

process.once('message', (answers) => {
  const routes = new Map(Object.entries(answers));
  const server = createServer((request, response) => {
    const route = routes.get(request.url);
    if (route === undefined || request.method !== 'GET' || request.headers[route.header[0]] !== route.header[1]) {
      response.writeHead(404);
      response.end();
      return;
    }
    response.writeHead(200, route.headers);
    response.end(route.body);
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
});
