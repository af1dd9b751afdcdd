// Starts Swagger UI with the settings that the server wrote into the page.
window.addEventListener("DOMContentLoaded", () => {
  const settings = JSON.parse(document.getElementById("ui-config").textContent);
  window.ui = SwaggerUIBundle({
    ...settings,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    plugins: [SwaggerUIBundle.plugins.DownloadUrl],
    persistAuthorization: true,
    tryItOutEnabled: true,
  });
});
