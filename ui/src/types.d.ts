/** Style sheets that only matter by being imported. */
declare module '*.css';
