/** Style sheets that only matter by being imported. */
declare module '*.css';
declare module '*.css?raw' {
  const text: string;
  export default text;
}
