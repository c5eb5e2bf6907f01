import java.io.FileInputStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Java: Ask '<way> <what>'..., one line of answer a task. Ways: client (HttpClient), url (URLConnection), socket. */
public final class Ask {
  private static final int LIMIT_MS = 8000;

  private static SSLContext trust() throws Exception {
    KeyStore known = KeyStore.getInstance(KeyStore.getDefaultType());
    known.load(null);
    try (FileInputStream file = new FileInputStream(System.getenv("SSL_CERT_FILE"))) {
      known.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(known);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private static String client(SSLContext context, String address) throws Exception {
    HttpClient made = HttpClient.newBuilder().sslContext(context).connectTimeout(Duration.ofMillis(LIMIT_MS))
        .followRedirects(HttpClient.Redirect.NORMAL).build();
    HttpRequest request = HttpRequest.newBuilder(URI.create(address)).timeout(Duration.ofMillis(LIMIT_MS)).build();
    return made.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  private static String url(SSLContext context, String address) throws Exception {
    HttpURLConnection made = (HttpURLConnection) URI.create(address).toURL().openConnection();
    if (made instanceof HttpsURLConnection secure) secure.setSSLSocketFactory(context.getSocketFactory());
    made.setConnectTimeout(LIMIT_MS);
    made.setReadTimeout(LIMIT_MS);
    return new String(made.getInputStream().readAllBytes());
  }

  private static String socket(String what) throws Exception {
    String[] parts = what.split(" ");
    try (Socket made = new Socket(parts[0], Integer.parseInt(parts[1]))) {
      return "connected " + made.getInetAddress().getHostAddress();
    }
  }

  public static void main(String[] tasks) throws Exception {
    SSLContext context = trust();
    for (int number = 0; number < tasks.length; number++) {
      String[] parts = tasks[number].split(" ", 2);
      try {
        String text = switch (parts[0]) {
          case "client" -> client(context, parts[1]);
          case "url" -> url(context, parts[1]);
          default -> socket(parts[1]);
        };
        System.out.println(number + " ok " + text.strip());
      } catch (Exception error) {
        System.out.println(number + " error " + String.valueOf(error).replace('\n', ' '));
      }
    }
    System.exit(0);
  }
}
